import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes of this host whose command line or cgroup has one of the words; ours are left out. */
export async function processesNaming(words: readonly string[]): Promise<string[]> {
  const pids = (await namesIn('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => processNaming(pid, words)));
  return found.filter((name) => name !== null);
}

/** Control groups whose name has one of the words. */
export async function controlGroupsNaming(words: readonly string[]): Promise<string[]> {
  return await directoriesNaming('/sys/fs/cgroup', { words, depth: 6 });
}

/** Temporary files of this program, locks included, whose name has one of the words. */
export async function temporaryFilesNaming(words: readonly string[]): Promise<string[]> {
  const own = (await namesIn(tmpdir())).filter((name) => /^sandbox-\d+$/.test(name));
  const found = await Promise.all(
    own.map(async (name) => await entriesNaming(join(tmpdir(), name), words)),
  );
  return found.flat();
}

async function processNaming(pid: string, words: readonly string[]): Promise<string | null> {
  if (pid === String(process.pid)) return null;
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [command, group] = await Promise.all([read('cmdline'), read('cgroup')]);
  if (!words.some((word) => command.includes(word) || group.includes(word))) return null;
  return `process ${pid} (${command.split('\0')[0] ?? ''})`;
}

async function entriesNaming(directory: string, words: readonly string[]): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true }).catch(() => []);
  return entries
    .filter((entry) => words.some((word) => entry.includes(word)))
    .map((entry) => `file ${join(directory, entry)}`);
}

async function directoriesNaming(
  directory: string,
  { words, depth }: { words: readonly string[]; depth: number },
): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const below = entries.filter((entry) => entry.isDirectory());
  const found = await Promise.all(
    below.map(async ({ name }) => {
      const path = join(directory, name);
      if (words.some((word) => name.includes(word))) return [`cgroup ${path}`];
      return await directoriesNaming(path, { words, depth: depth - 1 });
    }),
  );
  return found.flat();
}

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []);
}
