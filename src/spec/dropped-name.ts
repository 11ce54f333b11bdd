/** The schema library leaves these out of a record without a word. */
const droppedNames = ['__proto__', 'constructor', 'prototype'];

/** Such a name in one of the records of a file, or null. */
export function droppedName(json: unknown): string | null {
  if (typeof json !== 'object' || json === null) return null;
  for (const record of Object.values(json)) {
    if (typeof record !== 'object' || record === null) continue;
    const found = droppedNames.find((name) => Object.hasOwn(record as object, name));
    if (found !== undefined) return found;
  }
  return null;
}
