import { batchCommand, hasBatch, noBatch, removeReceipts } from '../batch-command.ts';
import { hasEngine, noEngine } from '../engine.ts';
import { type Subject, interleave } from '../interleave.ts';
import { wallMsOf } from '../process.ts';
import { type Bench, type Row, type Series, skipped } from '../row.ts';
import { type SameTask, nextId, sameTask } from '../same-task.ts';
import { median, ratios } from '../statistics.ts';

const jobsToTry = [2, 4, 8, 16];

export const batchDocker: Row = {
  name: 'batch-docker',
  about: 'a batch of 200 trivial tasks',
  async measure(bench) {
    if (!(await hasEngine())) return skipped(noEngine);
    if (!(await hasBatch(bench))) return skipped(noBatch);
    const task = await sameTask(bench, ['true']);
    const trial = await tryJobs(bench, task);
    const tasks = bench.isQuick ? 40 : 200;
    const { ours, xargs } = await interleave(
      {
        ours: sandboxBatch(bench, { tasks, jobs: trial.ours }),
        xargs: xargsDocker(task, { tasks, jobs: trial.xargs }),
      },
      { rounds: bench.isQuick ? 1 : 2, warmups: 0, unit: 'tasks/s', say: bench.say },
    );
    return {
      kind: 'measured',
      series: [ours, xargs, ...trial.series],
      comparisons: [
        {
          title: `batch of ${tasks} trivial tasks, tasks per second at the best \`-j\``,
          against: '`xargs -P N docker run --rm`, same image, limits, network',
          unit: '×',
          values: ratios(ours.samples, xargs.samples),
          target: { bound: 'at-least', must: 1, goal: 1.2 },
        },
      ],
      notes: [
        `Best of ${jobsToTry.join(', ')} at once: sandbox ${trial.ours}, xargs ${trial.xargs}.`,
      ],
    };
  },
};

/** Which number of jobs each is fastest with. */
async function tryJobs(bench: Bench, task: SameTask) {
  const tasks = bench.isQuick ? 16 : 40;
  const subjects = jobsToTry.flatMap((jobs) => [
    [`ours ${jobs}`, sandboxBatch(bench, { tasks, jobs })] as const,
    [`xargs ${jobs}`, xargsDocker(task, { tasks, jobs })] as const,
  ]);
  const series = await interleave(Object.fromEntries(subjects), {
    rounds: 1,
    warmups: 0,
    unit: 'tasks/s',
    say: bench.say,
  });
  return {
    ours: fastest(series, 'ours'),
    xargs: fastest(series, 'xargs'),
    series: Object.values(series).map((one) => ({ ...one, label: `trial: ${one.label}` })),
  };
}

function fastest(series: Readonly<Record<string, Series>>, who: string): number {
  const speed = (jobs: number) => median(series[`${who} ${jobs}`]?.samples ?? []);
  return jobsToTry.reduce((best, jobs) => (speed(jobs) > speed(best) ? jobs : best));
}

interface Load {
  readonly tasks: number;
  readonly jobs: number;
}

function sandboxBatch(bench: Bench, { tasks, jobs }: Load): Subject {
  const run = async () => {
    const wallMs = await wallMsOf(await batchCommand(bench, { tasks, jobs }));
    await removeReceipts(bench);
    return (tasks * 1000) / wallMs;
  };
  return { label: `sandbox batch -j ${jobs}`, run };
}

function xargsDocker(task: SameTask, { tasks, jobs }: Load): Subject {
  const run = async () => {
    const line = task.dockerRun();
    const name = line[line.indexOf('--name') + 1] ?? nextId();
    const numbered = line.map((word) => (word === name ? `${name}-{}` : word));
    const pipe = 'jobs=$1 tasks=$2; shift 2; seq "$tasks" | xargs -P "$jobs" -I{} "$@"';
    const wallMs = await wallMsOf(['sh', '-c', pipe, 'sh', `${jobs}`, `${tasks}`, ...numbered]);
    return (tasks * 1000) / wallMs;
  };
  return { label: `xargs -P ${jobs} docker run`, run };
}
