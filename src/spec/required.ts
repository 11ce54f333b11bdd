/** Whatever could not be resolved is among the problems, so this holds once they have been thrown. */
export function required<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('a setting was left unresolved');
  return value;
}

/** Without a prototype: `__proto__` is a name like any other. */
export function emptyRecord(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
