import { hasEngine, noEngine } from '../engine.ts';
import { interleave } from '../interleave.ts';
import { runPiped } from '../pipeline.ts';
import { type Bench, type Row, skipped } from '../row.ts';
import { sameTask } from '../same-task.ts';
import { peakMemory } from './output.ts';

/** What the shell reports of a writer whose reader has gone away. */
const brokenPipe = 141;

export const slowReader: Row = {
  name: 'slow-reader',
  about: 'peak memory while a reader takes 1 MB/s',
  async measure(bench) {
    if (!(await hasEngine())) return skipped(noEngine);
    const seconds = bench.isQuick ? 5 : 20;
    const task = await sameTask(bench, ['yes', 'a task that prints faster than anybody reads it']);
    const { ours } = await interleave(
      {
        ours: { label: 'sandbox, slow reader', run: () => peakOf(bench, task.sandbox(), seconds) },
      },
      { rounds: bench.isQuick ? 1 : 2, warmups: 0, unit: 'MB', say: bench.say },
    );
    const title = `peak memory of \`sandbox\` with a reader of 1 MB/s for ${seconds} s`;
    return {
      kind: 'measured',
      series: [ours],
      comparisons: [peakMemory(title, ours.samples)],
      notes: [],
    };
  },
};

async function peakOf(bench: Bench, argv: string[], seconds: number): Promise<number> {
  const read = 'dd bs=100000 count=1 iflag=fullblock of=/dev/null status=none';
  const reader = `i=0; while [ $i -lt ${seconds * 10} ]; do ${read}; sleep 0.1; i=$((i + 1)); done`;
  const { peakMb } = await runPiped(bench, argv, { reader, exitCode: brokenPipe });
  if (peakMb === null) throw new Error('expected /proc to tell the peak memory, it does not');
  return peakMb;
}
