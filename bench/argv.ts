import { parseArgs } from 'node:util';

export interface Asked {
  /** Names of rows; all where it is empty. */
  readonly names: readonly string[];
  readonly isQuick: boolean;
  readonly wantsList: boolean;
  readonly wantsHelp: boolean;
  readonly program: string | null;
  readonly node: string | null;
  readonly out: string | null;
}

export const usage = `Usage: npm run bench -- [ROW…] [options]

  --quick         few repetitions: shows that all works, the figures do not count
  --list          the rows
  --program PATH  what to measure (default: dist/sandbox, or bin/sandbox.js where it is not built)
  --node PATH     the Node to compare with (default: the version that the program runs on)
  --out DIR       where the results go (default: bench/results for a whole run, else bench/results/partial)
`;

/** Throws where it cannot be understood. */
export function readArgv(argv: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      program: { type: 'string' },
      node: { type: 'string' },
      out: { type: 'string' },
    },
  });
  return {
    names: positionals,
    isQuick: values.quick,
    wantsList: values.list,
    wantsHelp: values.help,
    program: values.program ?? null,
    node: values.node ?? null,
    out: values.out ?? null,
  };
}
