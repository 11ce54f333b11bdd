export const streamNames = ['stdout', 'stderr'] as const;
export type StreamName = (typeof streamNames)[number];

/** What is kept of a stream: all of it, or its first and its last part. */
export interface KeptOutput {
  readonly head: Buffer;
  /** Between the two. */
  readonly omittedBytes: number;
  readonly tail: Buffer;
}

export type KeptStreams = Readonly<Record<StreamName, KeptOutput>>;

const newline = 0x0a;
const nothing = Buffer.alloc(0);

/** So many lines at the end. Where too few of them were kept, what is missing before them is counted. */
function lastLinesOf({ head, tail, omittedBytes }: KeptOutput, count: number): KeptOutput {
  const end = omittedBytes === 0 ? Buffer.concat([head, tail]) : tail;
  const start = startOfLines(end, count);
  if (start !== null) return { head: nothing, omittedBytes: 0, tail: end.subarray(start) };
  return { head: nothing, omittedBytes, tail: end };
}

/** The same of both streams; null for all that is kept. */
export function lastLinesOfEach(kept: KeptStreams, count: number | null): KeptStreams {
  if (count === null) return kept;
  return { stdout: lastLinesOf(kept.stdout, count), stderr: lastLinesOf(kept.stderr, count) };
}

/** Where the last so many lines begin; null where there are fewer, or the first of them may be cut. */
function startOfLines(bytes: Buffer, count: number): number | null {
  if (count === 0) return bytes.length;
  let at = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length;
  for (let found = 0; found < count; found += 1) {
    if (at === 0) return null;
    at = bytes.lastIndexOf(newline, at - 1);
    if (at === -1) return null;
  }
  return at + 1;
}
