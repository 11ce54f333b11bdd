/** What text that goes to a program or an engine has to be; for messages. */
export const plainText = 'text without NUL and without half characters';

/** A program's arguments end at a NUL, and half of a surrogate pair would be replaced on its way. */
export function isPlain(value: unknown): boolean {
  if (typeof value === 'string') return !/[\0\p{Surrogate}]/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, part]) => isPlain(name) && isPlain(part));
}
