import * as v from 'valibot';
import { streamNames } from '../outcome/kept-output.ts';
import { statuses } from '../outcome/outcome.ts';

const stream = v.picklist(streamNames);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What is asked of the process that runs a task: one line of JSON. */
const requestSchema = v.variant('ask', [
  v.object({
    ask: v.literal('logs'),
    /** Also what is still to come. */
    follow: v.boolean(),
    /** So many lines of each stream; null for all that is kept. */
    tail: v.nullable(count),
  }),
  v.object({ ask: v.literal('stop') }),
]);

/** What it answers: one line of JSON each. */
const messageSchema = v.variant('kind', [
  /** Comes first, and at once. */
  v.object({ kind: v.literal('accepted') }),
  /** What was to be stopped was being ended before, such as by its deadline. */
  v.object({ kind: v.literal('ending') }),
  v.object({ kind: v.literal('output'), stream, base64: v.string() }),
  /** What should stand here: it was not kept, or the reader was too slow for it. */
  v.object({
    kind: v.literal('missing'),
    stream,
    bytes: count,
    why: v.picklist(['not-kept', 'too-slow']),
  }),
  /** All that there is so far. */
  v.object({ kind: v.literal('so-far') }),
  v.object({
    kind: v.literal('ended'),
    /** Null where no receipt could be written. */
    status: v.nullable(v.picklist(statuses)),
    exitCode: v.nullable(v.number()),
  }),
  v.object({ kind: v.literal('refused'), reason: v.string() }),
]);

export type ControlRequest = v.InferOutput<typeof requestSchema>;
export type ControlMessage = v.InferOutput<typeof messageSchema>;
export type EndedMessage = Extract<ControlMessage, { kind: 'ended' }>;

export function lineOf(value: ControlRequest | ControlMessage): string {
  return `${JSON.stringify(value)}\n`;
}

/** Null for what is no request. */
export function parseRequest(line: string): ControlRequest | null {
  return parsed(requestSchema, line);
}

/** Null for what is no message, such as one of a newer version. */
export function parseMessage(line: string): ControlMessage | null {
  return parsed(messageSchema, line);
}

function parsed<T extends v.GenericSchema>(schema: T, line: string): v.InferOutput<T> | null {
  try {
    const found = v.safeParse(schema, JSON.parse(line));
    return found.success ? found.output : null;
  } catch {
    return null;
  }
}
