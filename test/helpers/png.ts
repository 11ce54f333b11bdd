import { inflateSync } from 'node:zlib';

/** Of an image of 8 bits a channel: its size, and how many different bytes its rows have. */
export function readPng(file: Buffer): { width: number; height: number; differentBytes: number } {
  if (file.toString('latin1', 1, 4) !== 'PNG') throw new Error('it is no PNG');
  const chunks: Buffer[] = [];
  for (let at = 8; at < file.length;) {
    const bytes = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') chunks.push(file.subarray(at + 8, at + 8 + bytes));
    at += bytes + 12;
  }
  const rows = inflateSync(Buffer.concat(chunks));
  return {
    width: file.readUInt32BE(16),
    height: file.readUInt32BE(20),
    differentBytes: new Set(rows).size,
  };
}
