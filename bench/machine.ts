import { cpus, release, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { engineGet, hasEngine } from './engine.ts';
import { runProgram } from './process.ts';
import type { Program } from './program.ts';

/** Where and with what the figures were made, by the name that is shown. */
export type Machine = Readonly<Record<string, string>>;

export async function machineFacts(program: Program): Promise<Machine> {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    commit: await commit(),
    program: program.version,
    node: `${program.nodeVersion} (benchmarks: ${process.versions.node})`,
    cpu: `${cpu?.model ?? '?'}, ${cpus().length} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: `${await distribution()}, kernel ${release()}`,
    engine: await engine(),
    'docker CLI': await printed(['docker', 'version', '--format', '{{.Client.Version}}']),
  };
}

async function engine(): Promise<string> {
  if (!(await hasEngine())) return 'none';
  const info = JSON.parse(await engineGet('/info')) as Readonly<Record<string, string>>;
  const { ServerVersion = '?', Driver = '?', DefaultRuntime = '?', CgroupVersion = '1' } = info;
  return `${ServerVersion} (${Driver}, ${DefaultRuntime}, cgroup v${CgroupVersion})`;
}

async function commit(): Promise<string> {
  const [name, changes] = await Promise.all([
    printed(['git', 'rev-parse', '--short', 'HEAD']),
    printed(['git', 'status', '--porcelain', '--', 'src', 'bin', 'scripts']),
  ]);
  return changes === '' ? name : `${name}, with changes`;
}

async function distribution(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? process.platform;
}

async function printed(argv: readonly string[]): Promise<string> {
  const finished = await runProgram(argv, { wantsOutput: true }).catch(() => null);
  return finished === null ? '?' : finished.stdout.trim();
}
