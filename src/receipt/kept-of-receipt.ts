import type { KeptOutput } from '../outcome/kept-output.ts';
import type { EncodedBytes } from '../outcome/output.ts';
import type { Receipt } from './receipt.ts';

/** The bytes that a receipt has of a stream. */
export function keptOf({ text, base64, tail, omittedBytes }: Receipt['stdout']): KeptOutput {
  return {
    head: bytesOf({ text, base64 }),
    tail: tail === null ? Buffer.alloc(0) : bytesOf(tail),
    omittedBytes: omittedBytes ?? 0,
  };
}

function bytesOf({ text, base64 }: EncodedBytes): Buffer {
  return text === null ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text);
}
