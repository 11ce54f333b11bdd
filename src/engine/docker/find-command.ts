import type Docker from 'dockerode';
import { posix } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { type CommandBefore, type Found, isTaskWritable } from './command-before.ts';
import type { DockerApi } from './docker-api.ts';
import { removeContainer } from './remove-container.ts';
import { httpStatusOf } from './engine-failure.ts';
import { interpreterOf } from '../interpreter.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Bits of Go's os.FileMode, as the engine reports a file: those of its type, and the one of a symlink. */
const typeBits = 0x8f28_0000;
const symlinkBit = 0x0800_0000;
const executableBits = 0o111;
const mostLinks = 10;

interface FailedExec {
  readonly spec: TaskSpec;
  readonly options: Docker.ContainerCreateOptions;
  /** The task's PATH, where it is known. */
  readonly path: string | null;
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
  { spec, options, path, commandBefore: before }: FailedExec,
): Promise<SandboxFailure | null> {
  const command = spec.command[0] ?? '';
  const searchPath = path ?? defaultPath;
  const probe = await create(api, options);
  try {
    const candidates = command.includes('/')
      ? [posix.resolve(workspaceTarget, command)]
      : searchPath.split(':').map((directory) => posix.join(directory, command));
    const files = new ContainerFiles(api, probe.id);
    const found = await Promise.all(
      candidates.map((candidate) =>
        isTaskWritable(spec, candidate)
          ? withInterpreter(files, spec, before)
          : look(files, candidate),
      ),
    );
    return failureFor(spec, found, searchPath);
  } finally {
    await removeContainer(api, probe);
  }
}

function failureFor(spec: TaskSpec, found: Found[], path: string): SandboxFailure | null {
  const command = spec.command[0] ?? '';
  const first = found.find((one) => one !== 'missing');
  if (first === 'executable') return null;
  if (first === undefined) {
    const where = command.includes('/') ? `below ${workspaceTarget}` : `on PATH (${path})`;
    return new SandboxFailure('command-not-found', `command not found: ${command}`, {
      hint: `The image ${spec.image} has no such program ${where}. Choose another with --image; a shell line needs -c.`,
    });
  }
  const reason =
    first === 'no-interpreter'
      ? 'the interpreter or loader that it names is not in the image'
      : 'it is a directory, or lacks the x permission';
  return new SandboxFailure(
    'command-not-executable',
    `command cannot be executed: ${command} (${reason})`,
  );
}

/** Without a name: any that could be thought of may be taken. */
async function create(api: DockerApi, options: Docker.ContainerCreateOptions) {
  const unnamed = { ...options };
  delete unnamed.name;
  const { id } = await api.createContainer(unnamed);
  return api.docker.getContainer(id);
}

async function withInterpreter(
  files: ContainerFiles,
  spec: TaskSpec,
  { found, interpreter }: CommandBefore,
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

/** The files of a container, as the engine shows them. */
class ContainerFiles {
  readonly #api: DockerApi;
  readonly #containerId: string;

  constructor(api: DockerApi, containerId: string) {
    this.#api = api;
    this.#containerId = containerId;
  }

  /** What a path leads to, through symlinks; null when that is nothing. */
  async follow(path: string, links = 0): Promise<{ path: string; mode: number } | null> {
    try {
      const { mode, linkTarget } = await this.#api.pathStat(this.#containerId, path);
      if ((mode & symlinkBit) === 0) return { path, mode };
      if (links === mostLinks) return null;
      return await this.follow(posix.resolve(posix.dirname(path), linkTarget), links + 1);
    } catch (error) {
      if (httpStatusOf(error) === 404) return null;
      throw error;
    }
  }

  /** The first bytes of a file: of the archive that the engine sends, what follows its one header. */
  async head(path: string): Promise<Buffer> {
    const archive = await this.#api.archive(this.#containerId, path);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of archive) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > tarHeaderBytes + headBytes) break;
    }
    archive.destroy();
    return Buffer.concat(chunks).subarray(tarHeaderBytes);
  }
}

const tarHeaderBytes = 512;
const headBytes = 4096;
