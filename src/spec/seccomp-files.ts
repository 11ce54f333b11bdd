import { canonicalDigest } from './canonical-digest.ts';
import { readPlantableBytes } from './regular-file.ts';
import { sha256 } from './sha256.ts';

const seccompFile = /^seccomp=(\/.*)$/s;

/** The file that a `--security-opt` names; null where it names none. */
export function seccompPathOf(option: string): string | null {
  return seccompFile.exec(option)?.[1] ?? null;
}

/** What stands in the seccomp files of a task; null where there are none, or one cannot be read. */
export async function seccompDigest(options: readonly string[]): Promise<string | null> {
  const paths = options.map(seccompPathOf).filter((path) => path !== null);
  const contents = await Promise.all(paths.map((path) => readPlantableBytes(path))).catch(() => []);
  return seccompDigestOf(contents);
}

export function seccompDigestOf(contents: readonly (Buffer | string)[]): string | null {
  if (contents.length === 0) return null;
  const digests = contents.map((content) => sha256().update(content).digest('hex'));
  return canonicalDigest(digests);
}
