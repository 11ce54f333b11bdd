import type { Receipt } from '../../receipt/receipt.ts';
import { formatBytes } from '../../spec/bytes.ts';
import { formatDuration } from '../../spec/duration.ts';
import type { FactRow } from './fact-table.ts';

type Limits = Receipt['limits']['requested'];

const limits = {
  memoryBytes: ['memory', formatBytes],
  cpus: ['CPUs', String],
  pidsLimit: ['processes', String],
  timeoutMs: ['time limit', formatDuration],
  killAfterMs: ['kill after', formatDuration],
  workspaceBytes: ['workspace limit', formatBytes],
} as const satisfies Record<keyof Limits, readonly [string, (value: number) => string]>;

/** What was asked for, and what came of it. */
export function limitRows({ limits: { requested, enforced } }: Receipt): FactRow[] {
  return (Object.keys(limits) as (keyof Limits)[]).map((name) => {
    const [title, format] = limits[name];
    const [asked, real] = [requested[name], enforced?.[name] ?? null];
    if (asked === null && real === null) return [title, name === 'timeoutMs' ? 'none' : null];
    const text = asked === null ? 'no limit asked for' : format(asked);
    return [title, `${text}, ${enforcedText({ enforced, asked, real, format })}`];
  });
}

interface Enforcement {
  readonly enforced: Receipt['limits']['enforced'];
  readonly asked: number | null;
  readonly real: number | null;
  readonly format: (value: number) => string;
}

function enforcedText({ enforced, asked, real, format }: Enforcement): string {
  if (enforced === null) return 'not known whether it was in force';
  if (real === null) return 'not enforced';
  return real === asked ? 'in force' : `in force: ${format(real)}`;
}
