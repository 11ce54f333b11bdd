import type { BatchSummary } from '../../receipt/batch-summary.ts';
import type { ReceiptReader } from './receipt-output.ts';
import { countText } from './row-text.ts';
import { type TroubleBlock, troubleBlocks, troublesOf } from './trouble-blocks.ts';

const clear = '\u001b[0K';
const limits = { tasks: 50, linesPerStream: 100, bytesPerTask: 32 * 1024 };

export function isGitlab(env: NodeJS.ProcessEnv): boolean {
  return env.GITLAB_CI === 'true';
}

/** A section for each task that did not pass, closed until somebody opens it, with the time that the task took. */
export async function* gitlabSections(
  summary: BatchSummary,
  readReceipt: ReceiptReader,
): AsyncGenerator<string> {
  let told = 0;
  for await (const block of troubleBlocks(summary, readReceipt, limits)) {
    yield section(summary, block);
    told += 1;
  }
  const more = troublesOf(summary).length - told;
  if (more > 0) yield `${countText(more)} more tasks did not pass\n`;
}

function section(summary: BatchSummary, { row, title, lines }: TroubleBlock): string {
  const name = `sandbox_${row.id}`;
  const start = unixSeconds(row.startedAt ?? summary.startedAt);
  const end = unixSeconds(row.finishedAt ?? summary.finishedAt);
  return [
    `${clear}section_start:${start}:${name}[collapsed=true]\r${clear}${title}`,
    ...lines,
    `${clear}section_end:${end}:${name}\r${clear}`,
    '',
  ].join('\n');
}

function unixSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}
