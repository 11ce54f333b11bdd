import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Hexadecimal, for a name that nobody else has. Straight from the kernel: Node's own crypto takes longer to load than
 * most of what a run does before its task starts.
 */
export function randomName(bytes: number): string {
  const random = Buffer.alloc(bytes);
  try {
    const source = openSync('/dev/urandom', 'r');
    try {
      if (readSync(source, random) === bytes) return random.toString('hex');
    } finally {
      closeSync(source);
    }
  } catch {
    // Not every system has it.
  }
  return crypto.getRandomValues(random).toString('hex');
}
