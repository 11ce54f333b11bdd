import { type KeptOutput, type StreamName, streamNames } from '../outcome/kept-output.ts';
import type { ControlMessage } from './message.ts';

/** As much as fits well into one line. */
const partBytes = 48 * 1024;

/** What is kept of both streams, one after the other: in which order they came is not known any more. */
export function* keptMessages(
  kept: Readonly<Record<StreamName, KeptOutput>>,
): Generator<ControlMessage> {
  for (const stream of streamNames) {
    const { head, tail, omittedBytes } = kept[stream];
    yield* parts(stream, head);
    if (omittedBytes > 0) {
      yield { kind: 'missing', stream, bytes: omittedBytes, why: 'not-kept' };
    }
    yield* parts(stream, tail);
  }
}

function* parts(stream: StreamName, bytes: Buffer): Generator<ControlMessage> {
  for (let start = 0; start < bytes.length; start += partBytes) {
    const base64 = bytes.subarray(start, start + partBytes).toString('base64');
    yield { kind: 'output', stream, base64 };
  }
}
