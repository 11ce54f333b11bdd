import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import {
  type CommandBefore,
  type CommandSearch,
  type Found,
  type FoundBefore,
  isTaskWritable,
} from './command-before.ts';
import { ContainerFiles, typeBits } from './container-files.ts';
import type { DockerApi } from './docker-api.ts';
import { removeContainer } from './remove-container.ts';
import { interpreterOf } from '../interpreter.ts';

const executableBits = 0o111;

interface FailedExec {
  readonly spec: TaskSpec;
  readonly options: Docker.ContainerCreateOptions;
  readonly search: CommandSearch;
  readonly commandBefore: CommandBefore;
}

/**
 * Why the command could not be started, confirmed by looking where the task would have looked; null where
 * nothing speaks against it, so that it did start. Where the task can write, what counts is what was there before
 * it started. A second container of the same make is asked, which is never
 * started: the first one is gone by now.
 */
export async function explainExecFailure(
  api: DockerApi,
  { spec, options, search, commandBefore }: FailedExec,
): Promise<SandboxFailure | null> {
  const probe = await create(api, options);
  try {
    const files = new ContainerFiles(api, probe.id);
    const found = await Promise.all(
      search.candidates.map((candidate) => {
        const before = commandBefore.get(candidate);
        return before ? withInterpreter(files, spec, before) : look(files, candidate);
      }),
    );
    return failureFor(spec, found, search);
  } finally {
    await removeContainer(api, probe);
  }
}

function failureFor(
  spec: TaskSpec,
  found: readonly Found[],
  { program, path }: CommandSearch,
): SandboxFailure | null {
  const first = found.find((one) => one !== 'missing');
  if (first === 'executable') return null;
  if (first === undefined) {
    return new SandboxFailure('command-not-found', `command not found: ${program}`, {
      hint: whereMissing(spec, { program, path }),
    });
  }
  const reason =
    first === 'no-interpreter'
      ? 'the interpreter or loader that it names is not in the image'
      : 'it is a directory, or lacks the x permission';
  return new SandboxFailure(
    'command-not-executable',
    `command cannot be executed: ${program} (${reason})`,
  );
}

/** A name may have been meant for a shell, as in `'echo hi'`; a path was not. */
export function whereMissing(
  { command, image, workdir }: Pick<TaskSpec, 'command' | 'image' | 'workdir'>,
  { program, path }: { program: string; path: string },
): string {
  const choose = 'Choose another with --image';
  if (!program.includes('/')) {
    return `The image ${image} has no such program on PATH (${path}). ${choose}; a shell line needs -c.`;
  }
  if (!program.startsWith('/')) return `There is no ${program} below ${workdir}.`;
  const missing = `There is no ${program} in the image ${image}, nor in what the task is shown besides.`;
  const isLine = command.length === 3 && command[0] === program && command[1] === '-c';
  const shell = ' It was to run the line of -c: the key `shell` of a profile names another shell.';
  return `${missing}${isLine ? shell : ''} ${choose}.`;
}

/**
 * Without a name: any that could be thought of may be taken. Without a filter of system calls: nothing is started, and
 * Podman does not take one as it is written here.
 */
async function create(api: DockerApi, options: Docker.ContainerCreateOptions) {
  const unnamed = { ...options, HostConfig: { ...options.HostConfig, SecurityOpt: [] } };
  delete unnamed.name;
  return await api.createContainer(unnamed);
}

async function withInterpreter(
  files: ContainerFiles,
  spec: TaskSpec,
  { found, interpreter }: FoundBefore,
): Promise<Found> {
  if (interpreter === null || isTaskWritable(spec, interpreter)) return found;
  return (await files.follow(interpreter)) ? found : 'no-interpreter';
}

async function look(files: ContainerFiles, path: string): Promise<Found> {
  const file = await files.follow(path);
  if (!file) return 'missing';
  const isExecutable = (file.mode & executableBits) !== 0 && (file.mode & typeBits) === 0;
  if (!isExecutable) return 'not-executable';
  const interpreter = interpreterOf(await files.head(file.path));
  if (interpreter === null) return 'executable';
  return (await files.follow(interpreter)) ? 'executable' : 'no-interpreter';
}
