import type { Redactor } from '../outcome/redactor.ts';
import type { Receipt } from './receipt.ts';

/** Where a caller or a task can have put words; every other string is one of ours. */
const freeTexts = new Set([
  ...['command', 'environment', 'message', 'hint', 'path', 'linkTarget'],
  ...['limitsReached', 'skipped'],
]);

/** Secrets out of everything but the output, which is without them already. */
export function redactReceipt(receipt: Receipt, redactor: Redactor | null): Receipt {
  if (!redactor) return receipt;
  const { stdout, stderr, ...rest } = receipt;
  return { ...(cleaned(rest, { redactor, key: '' }) as typeof rest), stdout, stderr };
}

interface Cleaning {
  readonly redactor: Redactor;
  /** The nearest name above. */
  readonly key: string;
}

function cleaned(value: unknown, { redactor, key }: Cleaning): unknown {
  if (typeof value === 'string') {
    if (key === 'pathBase64') return cleanedBase64(value, redactor);
    return freeTexts.has(key) ? redactor.text(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => cleaned(item, { redactor, key }));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, cleaned(item, { redactor, key: name })]),
  );
}

function cleanedBase64(base64: string, redactor: Redactor): string {
  return redactor.bytes(Buffer.from(base64, 'base64')).toString('base64');
}
