/**
 * File names are bytes and need not be text. Here each byte is one character (latin1) of a string, so that
 * nothing is lost, names can be keys, and their order is that of their bytes.
 */
export type ByteName = string;

export function bytesOfText(text: string): ByteName {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What the functions of node:fs take. */
export function fsPath(bytes: ByteName): string | Buffer {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1') : bytes;
}

/** Null where the bytes are not UTF-8. */
export function textOfBytes(bytes: ByteName): string | null {
  if (!beyondAscii.test(bytes)) return bytes;
  try {
    return strictDecoder.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return null;
  }
}

/** For a message: one line, not too long. */
export function printableBytes(bytes: ByteName): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  const line = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  if (line.length <= mostPrinted) return line;
  return `${line.slice(0, mostPrinted / 2)}…${line.slice(-mostPrinted / 2)}`;
}

const mostPrinted = 200;
const beyondAscii = /[\u0080-\u00ff]/;
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
