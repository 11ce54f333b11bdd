import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readlinkSync,
} from 'node:fs';
import { posix } from 'node:path';
import { errnoOf } from '../../failure.ts';
import { isInside } from '../../spec/host-path.ts';
import { interpreterOf } from '../interpreter.ts';
import type { ViewEntry } from './sandbox-view.ts';

/** What stands at a place of the sandbox before it starts; `unknown` where only the kernel can tell. */
export type Found = 'missing' | 'not-executable' | 'no-interpreter' | 'executable' | 'unknown';

const mostLinks = 40;
const headBytes = 4096;

/** The sandbox's file system as it will be, read on the host without following a link out of the view. */
export class ViewFiles {
  readonly #entries: readonly ViewEntry[];
  readonly #mayExecute: (hostPath: string) => boolean;

  constructor(entries: readonly ViewEntry[], mayExecute: (hostPath: string) => boolean) {
    this.#entries = entries;
    this.#mayExecute = mayExecute;
  }

  /** What would happen to whoever executes `path`, an absolute path in the sandbox. */
  look(path: string): Found {
    const place = this.#follow(path);
    if (typeof place === 'string') return place;
    const { hostPath } = place;
    const head = readHead(hostPath);
    if (head === null || !this.#mayExecute(hostPath)) return 'not-executable';
    const interpreter = interpreterOf(head);
    if (interpreter === null) return 'executable';
    // Taken from the working directory by the kernel where it is relative: nobody writes that.
    const needed = interpreter.startsWith('/') ? this.#follow(interpreter) : 'unknown';
    return needed === 'missing' ? 'no-interpreter' : 'executable';
  }

  /** True also where only the kernel can tell. */
  isDirectory(path: string): boolean {
    const place = this.#follow(path);
    if (typeof place === 'string') return place === 'unknown';
    return lstatSync(place.hostPath, { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** Where a path leads to on the host, link by link. */
  #follow(path: string): { readonly hostPath: string } | 'missing' | 'unknown' {
    let rest = path.split('/').filter((part) => part !== '');
    let done = '/';
    let links = 0;
    while (rest.length > 0) {
      const next = posix.join(done, rest[0] ?? '');
      rest = rest.slice(1);
      const step = this.#step(next);
      if (step === 'missing' || step === 'unknown') return step;
      if (step === 'there') {
        done = next;
        continue;
      }
      links += 1;
      if (links > mostLinks) return 'missing';
      // What lies beyond a link may lead upwards again, so all of it is walked anew.
      const target = posix.resolve(posix.dirname(next), step.leadsTo);
      rest = [...target.split('/').filter((part) => part !== ''), ...rest];
      done = '/';
    }
    const hostPath = this.#hostPathOf(done);
    return hostPath === null ? 'unknown' : { hostPath };
  }

  #step(path: string): 'there' | 'missing' | 'unknown' | { readonly leadsTo: string } {
    if (this.#entries.some(({ target }) => target !== path && isInside(target, path)))
      return 'there';
    const entry = this.#entryFor(path);
    if (!entry) return 'missing';
    if (entry.kind === 'symlink') return { leadsTo: entry.to };
    if (entry.kind === 'memory') return path === entry.target ? 'there' : 'missing';
    if (entry.kind !== 'bind') return 'unknown';
    const hostPath = posix.join(entry.source, posix.relative(entry.target, path));
    try {
      const isLink = path !== entry.target && lstatSync(hostPath).isSymbolicLink();
      return isLink ? { leadsTo: readlinkSync(hostPath) } : 'there';
    } catch (error) {
      return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' ? 'missing' : 'unknown';
    }
  }

  #hostPathOf(path: string): string | null {
    const entry = this.#entryFor(path);
    if (entry?.kind !== 'bind') return null;
    return posix.join(entry.source, posix.relative(entry.target, path));
  }

  /** The one that is mounted last is on top. */
  #entryFor(path: string): ViewEntry | undefined {
    return this.#entries.findLast(({ target }) => isInside(path, target));
  }
}

/** The first bytes of a regular file; null for everything else. Unreadable is no hindrance to executing. */
function readHead(path: string): Buffer | null {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) return null;
      const buffer = Buffer.alloc(headBytes);
      return buffer.subarray(0, readSync(file, buffer, 0, headBytes, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return Buffer.alloc(0);
  }
}
