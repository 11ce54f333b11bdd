import { type JsonFinding, scanJson } from './json-scan.ts';

/** Bytes that are no JSON; says where. */
export class JsonError extends Error {}

export interface JsonText {
  readonly value: unknown;
  /** What is lost of it without a word, each with where: keys that one object has twice. */
  readonly repeated: readonly string[];
}

/** Reads JSON as editors write it, also with a byte order mark. Throws a JsonError. */
export function parseJsonText(bytes: Uint8Array): JsonText {
  const text = decoded(bytes);
  const placed = ({ index, message }: JsonFinding) => `${placeIn(text, index)}: ${message}`;
  const { error, repeated } = scanJson(text);
  if (error) throw new JsonError(placed(error));
  return { value: JSON.parse(text), repeated: repeated.map(placed) };
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
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const isBad = (line: string) => {
    const raw = Buffer.from(line, 'latin1');
    return !raw.equals(Buffer.from(raw.toString('utf8')));
  };
  return lines.findIndex(isBad) + 1;
}

function placeIn(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}
