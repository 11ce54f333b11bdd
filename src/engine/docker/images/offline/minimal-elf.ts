/** What the header of a program says of it. */
export interface ElfFacts {
  /** In Go's words; null for one that is not known here. */
  readonly architecture: string | null;
  /** True where it needs no loader and no libraries. */
  readonly isStatic: boolean;
}

const architectures: Readonly<Record<number, string>> = {
  3: '386',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/** The segment that names the loader. */
const interpreterSegment = 3;

/** Null where it is no ELF program in the byte order of all the machines in the table. */
export function elfFacts(program: Buffer): ElfFacts | null {
  const isElf = program.length >= 64 && program.toString('latin1', 0, 4) === '\x7fELF';
  if (!isElf || program[5] !== 1) return null;
  const is64 = program[4] === 2;
  const tableOffset = is64 ? Number(program.readBigUInt64LE(32)) : program.readUInt32LE(28);
  const entrySize = program.readUInt16LE(is64 ? 54 : 42);
  const entries = program.readUInt16LE(is64 ? 56 : 44);
  if (tableOffset + entrySize * entries > program.length) return null;
  const types = Array.from({ length: entries }, (_, index) =>
    program.readUInt32LE(tableOffset + index * entrySize),
  );
  return {
    architecture: architectures[program.readUInt16LE(18)] ?? null,
    isStatic: !types.includes(interpreterSegment),
  };
}
