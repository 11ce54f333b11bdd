/**
 * Which other program a program needs to start: the `#!` line of a script, the loader of a dynamically linked
 * ELF file. Null where it needs none, as far as its first bytes tell.
 */
export function interpreterOf(head: Buffer): string | null {
  if (head.toString('latin1', 0, 2) === '#!') return shebang(head);
  const isElf64 = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2;
  return isElf64 && head[5] === 1 ? elfLoader(head) : null;
}

function shebang(head: Buffer): string | null {
  const end = head.indexOf(0x0a);
  const line = head.toString('utf8', 2, end === -1 ? head.length : end).trim();
  const program = line.split(/[ \t]/)[0] ?? '';
  return program === '' ? null : program;
}

const interpreterSegment = 3;

/** PT_INTERP of a 64-bit little-endian file (man 5 elf). */
function elfLoader(head: Buffer): string | null {
  const tableOffset = Number(head.readBigUInt64LE(32));
  const [entrySize, entries] = [head.readUInt16LE(54), head.readUInt16LE(56)];
  for (let index = 0; index < entries; index += 1) {
    const entry = tableOffset + index * entrySize;
    if (entry + 40 > head.length) return null;
    if (head.readUInt32LE(entry) !== interpreterSegment) continue;
    const start = Number(head.readBigUInt64LE(entry + 8));
    const size = Number(head.readBigUInt64LE(entry + 32));
    return head.toString('utf8', start, start + size).replace(/\0.*$/s, '');
  }
  return null;
}
