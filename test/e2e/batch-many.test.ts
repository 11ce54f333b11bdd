import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { BatchRow, BatchSummary } from '../../src/receipt/batch-summary.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import {
  type MixedTask,
  batchEntryOf,
  endingsOf,
  mixedTasks,
  printedWhole,
} from '../helpers/batch-mix.ts';
import { type Junit, readJunit, readReportData } from '../helpers/batch-records.ts';
import { Batch } from '../helpers/batch.ts';
import { finished, readReceipt } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';

/** So many as the time of every test allows; SANDBOX_TEST_MANY=500 by hand, see CONTRIBUTING.md. */
const count = Number(process.env.SANDBOX_TEST_MANY ?? 24);
const seed = Number(process.env.SANDBOX_TEST_SEED ?? 1);
/** Containers of other runs on the engine are nothing to us. */
const owner = `many-${process.pid}`;
const longestMs = 60_000 + count * 5_000;

interface Line {
  readonly event: string;
  readonly id?: string;
  readonly counts?: BatchSummary['counts'];
}

interface Records {
  readonly tasks: readonly MixedTask[];
  readonly exitCode: number | undefined;
  readonly stderr: string;
  readonly lines: readonly Line[];
  readonly summary: BatchSummary;
  readonly receipts: ReadonlyMap<string, Receipt>;
  readonly receiptNames: readonly string[];
  readonly junit: Junit;
  readonly page: Awaited<ReturnType<typeof readReportData>>;
  readonly left: readonly string[];
}

/** Kills tasks from outside, as `docker kill` does, once their first attempt runs. */
async function killFromOutside(): Promise<() => void> {
  const filters = { event: ['start'], label: [`owner=${owner}`] };
  const events = (await docker.getEvents({ filters })) as NodeJS.ReadableStream & {
    destroy: () => void;
  };
  createInterface({ input: events }).on('line', (line) => {
    const { Actor } = JSON.parse(line) as { Actor: { ID: string; Attributes: { name: string } } };
    if (!Actor.Attributes.name.startsWith('sandbox-killed-')) return;
    // One that has ended meanwhile is told by what became of it.
    docker
      .getContainer(Actor.ID)
      .kill()
      .catch(() => undefined);
  });
  return () => events.destroy();
}

async function containersLeft(): Promise<string[]> {
  const found = await docker.listContainers({ all: true, filters: { label: [`owner=${owner}`] } });
  return found.map(({ Names }) => Names.join());
}

async function runMany(batch: Batch): Promise<Records> {
  const tasks = mixedTasks(count, seed);
  await batch.rewrite(tasks.map((task) => batchEntryOf(task, seed)));
  const [junit, report] = ['j.xml', 'r.html'].map((name) => join(batch.workspace.root, name));
  if (!junit || !report) throw new Error('two paths');
  const stopKilling = await killFromOutside();
  const options = [
    ...['--engine', 'docker', '-j', '4', '--retries', '1', '--retry-on', 'failed', '--json'],
    ...['--network', 'none', '-m', '64m', '--no-manifest', '-l', `owner=${owner}`],
    ...['--junit', junit, '--report', report],
  ];
  const { exitCode, stdout, stderr } = await finished(batch.start(options, { input: '' }));
  stopKilling();
  const summary = await batch.summary();
  if (!summary) throw new Error(`no summary: ${stderr}`);
  const receipts = new Map<string, Receipt>();
  for (const { id, receipt } of summary.tasks) {
    if (receipt !== null) receipts.set(id, await readReceipt(receipt));
  }
  return {
    ...{ tasks, exitCode, stderr, summary, receipts },
    lines: stdout.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Line] : [])),
    receiptNames: await batch.workspace.receiptNames(),
    junit: await readJunit(junit),
    page: await readReportData(report),
    left: await containersLeft(),
  };
}

function countedBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}

const statusOf = ({ status }: Pick<BatchRow, 'status'>) => status;

function suite(): void {
  let all: Records;

  // The others look at what this one has brought.
  test(
    'runs to its end',
    async () => void (all = await runMany(await Batch.create([]))),
    longestMs,
  );

  test('every task ends as it should, and no other way', () => {
    const wrong = all.summary.tasks.flatMap((row, index) => {
      const task = all.tasks[index];
      const ending = `${row.status} ${row.exitCode}`;
      return task?.id === row.id && endingsOf(task).includes(ending)
        ? []
        : [`${row.id}: ${ending}`];
    });
    expect(wrong).toEqual([]);
    expect([all.exitCode, all.summary.ending, all.summary.tasks.length]).toEqual([
      1,
      'completed',
      count,
    ]);
  });

  test('what failed was tried twice, and nothing else', () => {
    const tries = all.summary.tasks.map(({ id, attempts }) => `${id} ${attempts}`);
    const isTwice = ({ id, status, stoppedByOther }: BatchRow) =>
      // An engine that fails is tried again whatever --retry-on says.
      ['failed', 'engine-failed'].includes(status) || stoppedByOther || id.startsWith('flaky-');
    const once = all.summary.tasks.filter((row) => !isTwice(row) && row.attempts !== 1);
    // One of which the engine lost the first kill for memory has its second try told right.
    expect(once.filter(({ status }) => status !== 'out-of-memory')).toEqual([]);
    expect(all.summary.tasks.filter((row) => isTwice(row) && row.attempts !== 2)).toEqual([]);
    const started = countedBy(
      all.lines.filter(({ event }) => event === 'task-started'),
      ({ id = '' }) => id,
    );
    expect(
      Object.entries(started)
        .map(([id, times]) => `${id} ${times}`)
        .sort(),
    ).toEqual(tries.sort());
  });

  test('summary, events, last words and rows have the same counts', () => {
    const counted = countedBy(all.summary.tasks, statusOf);
    const { byStatus, total, reused } = all.summary.counts;
    expect(Object.fromEntries(Object.entries(byStatus).filter(([, n]) => n > 0))).toEqual(counted);
    expect([total, reused]).toEqual([count, 0]);
    const ended = all.lines.filter(({ event }) => event === 'task-ended');
    expect(new Set(ended.map(({ id }) => id)).size).toBe(ended.length);
    expect(ended).toHaveLength(count);
    expect(all.lines.at(-1)?.counts).toEqual(all.summary.counts);
    for (const [status, n] of Object.entries(counted))
      expect(all.stderr).toContain(`${n} ${status}`);
  });

  test('each row is what the receipt of its task says', () => {
    for (const row of all.summary.tasks) {
      const receipt = all.receipts.get(row.id);
      expect([row.id, row.status, row.exitCode, row.command]).toEqual([
        receipt?.id,
        receipt?.status,
        receipt?.exitCode,
        receipt?.command,
      ]);
    }
    const expected = [...all.tasks.map(({ id }) => `${id}.json`), 'tasks.jsonl.batch.json'];
    expect([...all.receiptNames].sort()).toEqual(expected.sort());
  });

  test('receipts hold the whole of what was printed, and what the engine told of memory', () => {
    for (const [id, { stdout, status, evidence, limits }] of all.receipts) {
      if (id.startsWith('large-'))
        expect(stdout).toMatchObject({ ...printedWhole, truncated: true });
      if (status === 'out-of-memory') expect(evidence.oomKills).toBeGreaterThan(0);
      const isSmall = /^(hungry|parent|survivor)-/.test(id);
      if (!isSmall) expect([id, evidence.oomKills ?? 0]).toEqual([id, 0]);
      if (status === 'not-started') continue;
      expect([id, evidence.removed, evidence.mayStillRun]).toEqual([id, true, false]);
      expect(limits.enforced?.memoryBytes).toBe((isSmall ? 24 : 64) * 1024 ** 2);
    }
  });

  test('JUnit has each task once, with the verdict of its status, and adds up', () => {
    const { totals, cases } = all.junit;
    expect(cases.map(({ id }) => id)).toEqual(all.summary.tasks.map(({ id }) => id));
    const verdicts = countedBy(cases, ({ verdict }) => verdict);
    expect(totals).toEqual({
      tests: count,
      failures: verdicts.failure ?? 0,
      errors: verdicts.error ?? 0,
      skipped: verdicts.skipped ?? 0,
    });
    for (const [index, { id, verdict, type }] of cases.entries()) {
      const status = all.summary.tasks[index]?.status ?? 'not-run';
      expect([id, verdict === 'passed']).toEqual([id, status === 'passed']);
      if (type !== null) expect([id, type]).toEqual([id, status]);
    }
  });

  test('the page shows the same rows, and the details of those that did not pass', () => {
    const { data, details } = all.page;
    expect(data.counts).toEqual(all.summary.counts);
    const facts = ({ index, id, status, exitCode, attempts }: (typeof data.rows)[number]) => {
      return [index, id, status, exitCode, attempts];
    };
    const rows = all.summary.tasks.map(({ index, id, status, exitCode, attempts }) => {
      return [index, id, status, exitCode, attempts];
    });
    expect(data.rows.map(facts)).toEqual(rows);
    const troubles = all.summary.tasks.filter(({ status }) => status !== 'passed');
    expect([...details].sort((a, b) => a - b)).toEqual(troubles.map(({ index }) => index));
  });

  test('nothing is left on the engine', () => {
    expect(all.left).toEqual([]);
  });
}

describeOn('docker', `${count} tasks of every kind at once`, suite);
