import { posix } from 'node:path';
import type { DockerApi } from './docker-api.ts';
import { httpStatusOf } from './engine-failure.ts';

/** Bits of Go's os.FileMode, as the engine reports a file: those of its type, and single ones of them. */
export const typeBits = 0x8f28_0000;
const directoryBit = 0x8000_0000;
const symlinkBit = 0x0800_0000;
const mostLinks = 10;

/** Where a path leads to inside of a container; `kind` is what stands there. */
export interface RealPath {
  readonly path: string;
  readonly kind: 'missing' | 'file' | 'directory' | 'other';
}

/** The files of a container, as the engine shows them. */
export class ContainerFiles {
  readonly #api: DockerApi;
  readonly #containerId: string;

  constructor(api: DockerApi, containerId: string) {
    this.#api = api;
    this.#containerId = containerId;
  }

  /** What a path leads to, where the symlinks above it do not matter; null when that is nothing. */
  async follow(path: string, links = 0): Promise<{ path: string; mode: number } | null> {
    const found = await this.#stat(path);
    if (!found) return null;
    const { mode, linkTarget } = found;
    if ((mode & symlinkBit) === 0) return { path, mode };
    if (links === mostLinks) return null;
    return await this.follow(posix.resolve(posix.dirname(path), linkTarget), links + 1);
  }

  async isDirectory(path: string): Promise<boolean> {
    const found = await this.follow(path);
    return found !== null && kindOf(found.mode) === 'directory';
  }

  /** What a path leads to, with no symlink left in it; null where it goes round in circles. */
  async realPath(path: string): Promise<RealPath | null> {
    let rest = parts(path);
    let done = '/';
    let kind: RealPath['kind'] = 'directory';
    let links = 0;
    while (rest.length > 0) {
      const next = posix.join(done, rest[0] ?? '');
      rest = rest.slice(1);
      const found = await this.#stat(next);
      if (found && (found.mode & symlinkBit) !== 0) {
        links += 1;
        if (links > mostLinks) return null;
        rest = [...parts(posix.resolve(done, found.linkTarget)), ...rest];
        done = '/';
        continue;
      }
      done = next;
      kind = found ? kindOf(found.mode) : 'missing';
      if (kind !== 'directory') break;
    }
    return rest.length === 0
      ? { path: done, kind }
      : { path: posix.join(done, ...rest), kind: 'missing' };
  }

  /** The first bytes of a file: of the archive that the engine sends, what follows its headers. */
  async head(path: string, mostBytes = headBytes): Promise<Buffer> {
    const archive = await this.#api.archive(this.#containerId, path);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of archive) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > mostHeaderBytes + mostBytes) break;
    }
    archive.destroy();
    return firstFile(Buffer.concat(chunks)).subarray(0, mostBytes);
  }

  async #stat(path: string) {
    try {
      return await this.#api.pathStat(this.#containerId, path);
    } catch (error) {
      if (httpStatusOf(error) === 404) return null;
      throw error;
    }
  }
}

const headBytes = 4096;
const blockBytes = 512;
/** The file's own, and an extended one before it. */
const mostHeaderBytes = 8 * blockBytes;

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function kindOf(mode: number): RealPath['kind'] {
  const type = (mode & typeBits) >>> 0;
  if (type === 0) return 'file';
  return type === directoryBit ? 'directory' : 'other';
}

/** The content of the first file in a tar archive; extended headers may come before it. */
function firstFile(archive: Buffer): Buffer {
  let start = 0;
  while (start + blockBytes <= archive.length) {
    const header = archive.subarray(start, start + blockBytes);
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;
    const content = start + blockBytes;
    const isExtension = ['x', 'g', 'L', 'K'].includes(header.toString('latin1', 156, 157));
    if (!isExtension) return archive.subarray(content, content + size);
    start = content + Math.ceil(size / blockBytes) * blockBytes;
  }
  return Buffer.alloc(0);
}
