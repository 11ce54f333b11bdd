import * as v from 'valibot';
import { statuses } from '../outcome/outcome.ts';
import { receiptSchemaId } from './receipt.ts';

/** What every version of our receipts begins its `schema` with. */
export const receiptFamily = receiptSchemaId.replace(/v\d+$/, '');

/** A list may have thousands of them, and a command line megabytes. */
const mostCommandCharacters = 4096;

const time = v.fallback(
  v.nullable(
    v.pipe(
      v.string(),
      v.check((text) => !Number.isNaN(Date.parse(text))),
    ),
  ),
  null,
);
const duration = v.fallback(v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))), null);

/** Without the first four it is no receipt; the rest may be missing in one of another version. */
const glanceSchema = v.object({
  schema: v.pipe(v.string(), v.startsWith(receiptFamily)),
  id: v.string(),
  status: v.picklist(statuses),
  command: v.array(v.string()),
  exitCode: v.fallback(v.nullable(v.number()), null),
  timing: v.fallback(v.object({ startedAt: time, finishedAt: time, durationMs: duration }), {
    startedAt: null,
    finishedAt: null,
    durationMs: null,
  }),
});

/** What a list shows of a receipt; foreign text in part. */
export interface ReceiptGlance {
  readonly schema: string;
  readonly id: string;
  readonly status: (typeof statuses)[number];
  readonly exitCode: number | null;
  readonly command: readonly string[];
  /** True where the command is longer than what is kept of it here. */
  readonly commandTruncated: boolean;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
}

/** Also of a receipt of another version, as far as that says the same. Answers what is wrong where it is none. */
export function glanceOf(
  value: unknown,
): { readonly glance: ReceiptGlance } | { readonly wrong: string } {
  const found = v.safeParse(glanceSchema, value, { abortEarly: true });
  if (!found.success) return { wrong: v.getDotPath(found.issues[0]) ?? 'content' };
  const { timing, command, ...rest } = found.output;
  return { glance: { ...rest, ...timing, ...cutCommand(command) } };
}

function cutCommand(words: readonly string[]): Pick<ReceiptGlance, 'command' | 'commandTruncated'> {
  const kept: string[] = [];
  let left = mostCommandCharacters;
  for (const word of words) {
    if (left <= 0 || word.length > left) {
      if (left > 0) kept.push(word.slice(0, left));
      return { command: kept, commandTruncated: true };
    }
    kept.push(word);
    // An empty word takes room, too.
    left -= word.length + 1;
  }
  return { command: kept, commandTruncated: false };
}
