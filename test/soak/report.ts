import type { BatchEnd, Sample } from './one-batch.ts';
import type { Ended } from './one-run.ts';

export interface Soaked {
  readonly seed: string;
  readonly runs: readonly Ended[];
  readonly batch: BatchEnd;
  readonly engineKills: number;
  readonly receipts: number;
  readonly left: Readonly<Record<string, readonly string[]>>;
  readonly garbage: string;
  readonly durationMs: number;
}

/** How much more memory the batch may hold in its last quarter than in its second one, in which all is warm. */
const mostGrowth = 1.15;

/** What is not as promised; nothing where all is. */
export function problemsOf({ runs, batch, receipts, left }: Soaked): string[] {
  const all = [...runs, ...batch.tasks];
  const problems = all.flatMap(({ untruths }) => untruths);
  if (receipts !== all.length) problems.push(`${receipts} receipts of ${all.length} tasks`);
  for (const [what, names] of Object.entries(left))
    if (names.length > 0) problems.push(`left: ${what}: ${names.slice(0, 10).join(', ')}`);
  const growth = growthOf(batch.samples);
  if (growth !== null && growth > mostGrowth)
    problems.push(`the memory of the batch grew ${growth.toFixed(2)} times`);
  return problems;
}

/** Median of the last quarter against that of the second; null where there are too few to tell. */
function growthOf(samples: readonly Sample[]): number | null {
  if (samples.length < 40) return null;
  const quarter = Math.floor(samples.length / 4);
  const of = (part: readonly Sample[]) => median(part.map(({ rssBytes }) => rssBytes));
  return of(samples.slice(-quarter)) / of(samples.slice(quarter, 2 * quarter));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The figures, as lines. */
export function figures(soaked: Soaked): string[] {
  const { runs, batch, seed, engineKills, durationMs } = soaked;
  const all = [...runs, ...batch.tasks];
  const growth = growthOf(batch.samples);
  const files = batch.samples.map(({ openFiles }) => openFiles);
  const rss = batch.samples.map(({ rssBytes }) => rssBytes);
  return [
    `seed ${seed}: ${all.length} tasks (${runs.length} runs, ${batch.tasks.length} in a batch) in ${Math.round(durationMs / 1000)} s`,
    `receipts: ${soaked.receipts}`,
    `statuses: ${counted(all.map(({ status }) => status))}`,
    `faults: ${counted(all.map(({ task }) => task.fault))}`,
    `begun again after their client was killed: ${all.filter((one) => one.runs > 1).length}`,
    `engine killed and started again: ${engineKills}; batch killed and resumed: ${batch.exitCodes.length - 1}`,
    `memory of the batch: ${mib(Math.min(...rss))} to ${mib(Math.max(...rss))} MiB, last quarter ${growth?.toFixed(2) ?? '?'} times the second; open files ${Math.min(...files)} to ${Math.max(...files)}`,
    `left: ${Object.entries(soaked.left)
      .map(([what, names]) => `${what} ${names.length}`)
      .join(', ')}`,
  ];
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sorted = [...counts].toSorted((a, b) => b[1] - a[1]);
  return sorted.map(([word, count]) => `${word} ${count}`).join(', ');
}
