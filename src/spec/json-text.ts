import { isUtf8 } from 'node:buffer';
import { type JsonPath, indexOfPath } from './json-place.ts';
import { type JsonFinding, scanJson } from './json-scan.ts';

/** Bytes that are no JSON; says where. */
export class JsonError extends Error {}

export interface JsonText {
  readonly value: unknown;
  /** What is lost of it without a word, each with where: keys that one object has twice. */
  readonly repeated: readonly string[];
  /** Where a value of it stands, as in the other messages; null where there is none. */
  readonly placeOf: (path: JsonPath) => string | null;
}

/** Reads JSON as editors write it, also with a byte order mark. Throws a JsonError. */
export function parseJsonText(bytes: Uint8Array): JsonText {
  const text = decoded(bytes);
  const placed = ({ index, message }: JsonFinding) => `${placeIn(text, index)}: ${message}`;
  const { error, repeated } = scanJson(text);
  if (error) throw new JsonError(placed(error));
  const placeOf = (path: JsonPath) => {
    const index = indexOfPath(text, path);
    return index === null ? null : placeIn(text, index);
  };
  return { value: JSON.parse(text), repeated: repeated.map(placed), placeOf };
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new JsonError(`line ${badLine(bytes)}: expected UTF-8, got other bytes`);
  }
}

/** Each line can be looked at alone: no other character has a line break among its bytes. */
function badLine(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let line = 1;
  for (let start = 0; ; line += 1) {
    const end = buffer.indexOf('\n', start);
    if (end === -1 || !isUtf8(buffer.subarray(start, end))) return line;
    start = end + 1;
  }
}

/** Line by line, since a file may have millions. */
function placeIn(text: string, index: number): string {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < index; end = text.indexOf('\n', start)) {
    line += 1;
    start = end + 1;
  }
  return `line ${line}, column ${index - start + 1}`;
}
