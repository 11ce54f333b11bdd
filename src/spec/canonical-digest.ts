import { sha256 } from './sha256.ts';

/** SHA-256 (hexadecimal) of the value as JSON, whatever the order of its keys; of lists the order counts. */
export function canonicalDigest(value: unknown): string {
  return sha256().update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
