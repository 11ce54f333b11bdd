import type Docker from 'dockerode';
import { posix } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { callLimitsMs, type DockerApi } from './docker-api.ts';
import { httpStatusOf } from './engine-failure.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Go's os.FileMode, as the engine reports a file. */
const goModeDirectory = 2 ** 31;
const executableBits = 0o111;

type Found = 'executable' | 'not-executable' | 'missing';

/**
 * Whether a command exists where the task would have looked for it. A second container of the same make is
 * asked, which is never started: the first one is gone by now.
 */
export async function explainExecFailure(
  api: DockerApi,
  {
    spec,
    options,
    path,
  }: { spec: TaskSpec; options: Docker.ContainerCreateOptions; path: string | null },
): Promise<SandboxFailure | null> {
  const command = spec.command[0] ?? '';
  const probe = await create(api, options);
  try {
    const candidates = command.includes('/')
      ? [posix.resolve(workspaceTarget, command)]
      : (path ?? defaultPath).split(':').map((directory) => posix.join(directory, command));
    const found = await Promise.all(candidates.map((candidate) => look(api, probe, candidate)));
    return failureFor(command, found, path ?? defaultPath);
  } finally {
    await api.call(callLimitsMs.slow, (abortSignal) => probe.remove({ force: true, abortSignal }));
  }
}

function failureFor(command: string, found: Found[], path: string): SandboxFailure | null {
  if (found.every((one) => one === 'missing')) {
    const where = command.includes('/') ? `below ${workspaceTarget}` : `on PATH (${path})`;
    return new SandboxFailure('command-not-found', `command not found: ${command}`, {
      hint: `It was looked for ${where} in the image. A shell line needs -c: sandbox run -c '…'`,
    });
  }
  const reason = found.includes('executable')
    ? 'the interpreter that it names is missing, or it is built for another system'
    : 'it is a directory, or lacks the x permission';
  return new SandboxFailure(
    'command-not-executable',
    `command cannot be executed: ${command} (${reason})`,
  );
}

async function create(api: DockerApi, options: Docker.ContainerCreateOptions) {
  const { name, ...rest } = options;
  const { id } = await api.createContainer({ ...rest, name: `${name ?? 'sandbox'}-look` });
  return api.docker.getContainer(id);
}

async function look(api: DockerApi, probe: Docker.Container, path: string): Promise<Found> {
  try {
    const stat = await api.pathStat(probe.id, path);
    const isExecutable = (stat.mode & executableBits) !== 0 && stat.mode < goModeDirectory;
    return isExecutable ? 'executable' : 'not-executable';
  } catch (error) {
    if (httpStatusOf(error) === 404) return 'missing';
    throw error;
  }
}
