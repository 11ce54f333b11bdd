import { Expectation } from './expectation.ts';
import { randomName } from './random-name.ts';

export const taskIdPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** Sorts by creation time; the random part keeps tasks of the same millisecond apart. */
export function createTaskId(nowMs: number = Date.now()): string {
  const time = nowMs.toString(36).padStart(9, '0');
  const random = (parseInt(randomName(6), 16) % 36 ** 6).toString(36);
  return `${time}-${random.padStart(6, '0')}`;
}

export function parseTaskId(text: string): string {
  if (taskIdPattern.test(text)) return text;
  throw new Expectation(
    'an id of 1 to 63 letters, digits, "_", "." or "-" that starts with a letter or digit',
    text,
  );
}
