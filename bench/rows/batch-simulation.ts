import { batchCommand, hasBatch, noBatch, removeReceipts } from '../batch-command.ts';
import { type Subject, interleave } from '../interleave.ts';
import { runPiped } from '../pipeline.ts';
import { type Bench, type Row, type Series, skipped } from '../row.ts';
import { ratios } from '../statistics.ts';

const jobs = 4;

export const batchSimulation: Row = {
  name: 'batch-simulation',
  about: 'a batch of 10,000 simulated tasks against one of 1,000',
  async measure(bench) {
    if (!(await hasBatch(bench))) return skipped(noBatch);
    const [many, few] = bench.isQuick ? [500, 100] : [10_000, 1_000];
    const manyPeaks: number[] = [];
    const fewPeaks: number[] = [];
    // Once, since ten thousand take minutes, and between two of the others, so that drift shows.
    const time = await interleave(
      {
        before: simulated(bench, few, fewPeaks),
        many: simulated(bench, many, manyPeaks),
        after: simulated(bench, few, fewPeaks),
      },
      { rounds: 1, warmups: 0, unit: 'ms', say: bench.say },
    );
    const against = `${few.toLocaleString('en')} tasks`;
    const title = `batch of ${many.toLocaleString('en')} simulated tasks`;
    return {
      kind: 'measured',
      series: [...Object.values(time), memory(many, manyPeaks), memory(few, fewPeaks)],
      comparisons: [
        {
          title: `${title}, time per task`,
          against,
          unit: '×',
          values: againstBoth(time.many.samples, [...time.before.samples, ...time.after.samples]),
          target: { bound: 'at-most', must: 1.1, goal: null },
        },
        {
          title: `${title}, peak memory`,
          against,
          unit: '×',
          values: againstBoth(manyPeaks, fewPeaks),
          target: { bound: 'at-most', must: 1.25, goal: null },
        },
      ],
      notes: [
        `Each with -j ${jobs}. Memory counts as flat up to a quarter more, which is how far apart the collector leaves it.`,
      ],
    };
  },
};

/** One figure against each of the two. */
function againstBoth(many: readonly number[], few: readonly number[]): number[] {
  return few.flatMap((one) => ratios(many, [one]));
}

/** Milliseconds per task. */
function simulated(bench: Bench, tasks: number, peaks: number[]): Subject {
  const run = async () => {
    const options = ['--engine', 'simulation'];
    const argv = await batchCommand(bench, { tasks, jobs, options });
    const { wallMs, peakMb } = await runPiped(bench, argv, { reader: 'cat >/dev/null' });
    await removeReceipts(bench);
    if (peakMb === null) throw new Error('expected /proc to tell the peak memory, it does not');
    peaks.push(peakMb);
    return wallMs / tasks;
  };
  return { label: `each of ${tasks.toLocaleString('en')} simulated`, run };
}

function memory(tasks: number, samples: readonly number[]): Series {
  return { label: `peak memory, ${tasks.toLocaleString('en')} simulated`, unit: 'MB', samples };
}
