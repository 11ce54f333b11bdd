import { vi } from 'vitest';
import { type Mark, readMarks } from '../../src/control/mark.ts';

/** Resolves once others can find the task without an engine, which is a moment after it has begun to print. */
export async function marked(id: string): Promise<Mark> {
  const find = async () => (await readMarks()).find(({ task }) => task.id === id);
  return await vi.waitUntil(find, { timeout: 60_000 });
}
