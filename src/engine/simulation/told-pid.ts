import type { Readable } from 'node:stream';

const mostCharacters = 16;

/** What a process writes as its first line: its own id. Null where it ended without. */
export async function toldPid(from: Readable): Promise<number | null> {
  let text = '';
  try {
    for await (const chunk of from) {
      text += String(chunk);
      if (text.includes('\n') || text.length > mostCharacters) break;
    }
  } catch {
    // It has not been told, then.
  }
  const [, pid] = /^(\d+)\n/.exec(text) ?? [];
  return pid === undefined ? null : Number(pid);
}
