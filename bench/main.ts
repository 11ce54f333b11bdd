import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Asked, readArgv, usage } from './argv.ts';
import { machineFacts } from './machine.ts';
import { findProgram } from './program.ts';
import { type Result, type RowResult, comparisonsOf, medianText } from './result.ts';
import type { Bench, Row, RowOutcome } from './row.ts';
import { rows } from './rows.ts';
import { verdictOf } from './statistics.ts';
import { writeResult } from './write-result.ts';

/** argv → exit code: 0 every limit is met, 1 one is missed or a row failed, 2 wrong usage. */
export async function main(argv: readonly string[], rawRun: string): Promise<number> {
  const asked = readArgv(argv);
  const chosen =
    asked.names.length === 0 ? rows : rows.filter(({ name }) => asked.names.includes(name));
  const unknown = asked.names.filter((name) => !rows.some((row) => row.name === name));
  if (asked.wantsHelp || asked.wantsList || unknown.length > 0) return tell(asked, unknown);
  const result = await measureAll(chosen, { asked, rawRun });
  const isWhole = chosen.length === rows.length && !asked.isQuick;
  const directory = asked.out ?? (isWhole ? 'bench/results' : 'bench/results/partial');
  await writeResult(result, directory);
  return report(result, directory);
}

function tell({ wantsHelp }: Asked, unknown: readonly string[]): number {
  const list = rows.map(({ name, about }) => `  ${name.padEnd(18)}${about}\n`).join('');
  for (const name of unknown) console.error(`Expected the name of a row, got "${name}".`);
  const text = `${wantsHelp ? `${usage}\n` : ''}Rows:\n${list}`;
  if (unknown.length > 0) process.stderr.write(text);
  else process.stdout.write(text);
  return unknown.length > 0 ? 2 : 0;
}

interface Means {
  readonly asked: Asked;
  readonly rawRun: string;
}

async function measureAll(chosen: readonly Row[], { asked, rawRun }: Means): Promise<Result> {
  const program = await findProgram(asked);
  const machine = await machineFacts(program);
  const scratch = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  try {
    const workspace = join(scratch, 'workspace');
    await mkdir(workspace);
    const shared = { sandbox: program.path, node: program.node, rawRun, workspace, scratch };
    const found: RowResult[] = [];
    for (const row of chosen) {
      const say = (line: string) => console.log(`${row.name}: ${line}`);
      say(row.about);
      const outcome = await outcomeOf(row, { ...shared, isQuick: asked.isQuick, say });
      if (outcome.kind !== 'measured') say(`${outcome.kind}: ${outcome.reason}`);
      found.push({ name: row.name, about: row.about, outcome });
    }
    return { machine, isQuick: asked.isQuick, notes: program.notes, rows: found };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** One row that cannot be measured does not take the others with it. */
async function outcomeOf(row: Row, bench: Bench): Promise<RowOutcome> {
  try {
    return await row.measure(bench);
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

function report(result: Result, directory: string): number {
  console.log('');
  for (const comparison of comparisonsOf(result)) {
    const against = comparison.against === null ? '' : ` against ${comparison.against}`;
    const verdict = verdictOf(comparison);
    console.log(
      `${verdict.padEnd(8)}${medianText(comparison).padStart(8)}  ${comparison.title}${against}`,
    );
  }
  console.log(`\nWritten to ${directory}/results.md, results.svg and results.json`);
  const isMissed = comparisonsOf(result).some((comparison) => verdictOf(comparison) === 'missed');
  return isMissed || result.rows.some(({ outcome }) => outcome.kind === 'failed') ? 1 : 0;
}
