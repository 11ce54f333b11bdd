import { benchPrefix } from './engine.ts';
import { runProgram } from './process.ts';
import type { Bench } from './row.ts';

/** The same task by different ways: same image, limits, network, mounts. */
export interface SameTask {
  readonly image: string;
  readonly sandbox: () => string[];
  /** What `sandbox run --dry-run` prints. */
  readonly dockerRun: (extra?: readonly string[]) => string[];
  /** As people write it, with nothing but limits and no network. */
  readonly plainDockerRun: (extra?: readonly string[]) => string[];
}

const taskPrefix = benchPrefix.replace(/^sandbox-/, '');
let count = 0;

/** An id that nothing else has; the container is then named `sandbox-<id>`. */
export function nextId(): string {
  count += 1;
  return `${taskPrefix}${process.pid}-${count}`;
}

export async function sameTask(bench: Bench, command: readonly string[]): Promise<SameTask> {
  // The first run of all: it makes the image where it is missing.
  const image = await imageOf(bench);
  const line = await dryRunLine(bench, { command, image });
  return {
    image,
    sandbox: () => [bench.sandbox, 'run', '--id', nextId(), '--', ...command],
    dockerRun: (extra = []) => insertOptions(line, ['--name', `sandbox-${nextId()}`, ...extra]),
    plainDockerRun: (extra = []) => {
      const options = ['--rm', '--name', `sandbox-${nextId()}`, ...plainLimits, ...extra];
      return ['docker', 'run', ...options, image, ...command];
    },
  };
}

const plainLimits = ['-m', '512m', '--cpus', '1', '--pids-limit', '256', '--network', 'none'];

async function imageOf({ sandbox, workspace }: Bench): Promise<string> {
  const argv = [sandbox, 'run', '--engine', 'docker', '--json', '--', 'true'];
  const { stdout } = await runProgram(argv, { cwd: workspace, wantsOutput: true });
  return (JSON.parse(stdout) as { image: { reference: string } }).image.reference;
}

interface Asked {
  readonly command: readonly string[];
  readonly image: string;
}

/** The docker run line for the same container, without a name. The image is named, or a shell would look for it. */
async function dryRunLine({ sandbox, workspace }: Bench, { command, image }: Asked) {
  const argv = [sandbox, 'run', '--dry-run', '--json', '--image', image, '--', ...command];
  const { stdout } = await runProgram(argv, { cwd: workspace, wantsOutput: true });
  const said = JSON.parse(stdout) as { equivalent: string[][] };
  const line = said.equivalent.find(([program]) => program === 'docker') ?? [];
  const name = line.indexOf('--name');
  if (name < 0)
    throw new Error(`expected a docker run line with a --name, got "${line.join(' ')}"`);
  return line.toSpliced(name, 2);
}

function insertOptions([docker = '', run = '', ...rest]: readonly string[], options: string[]) {
  return [docker, run, ...options, ...rest];
}
