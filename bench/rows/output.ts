import { hasEngine, noEngine } from '../engine.ts';
import { interleave } from '../interleave.ts';
import { runPiped } from '../pipeline.ts';
import { type Bench, type Comparison, type Row, skipped } from '../row.ts';
import { sameTask } from '../same-task.ts';
import { ratios } from '../statistics.ts';

export const output: Row = {
  name: 'output',
  about: '2 GB of output to a pipe: speed and peak memory',
  async measure(bench) {
    if (!(await hasEngine())) return skipped(noEngine);
    const bytes = bench.isQuick ? 200_000_000 : 2_000_000_000;
    const task = await sameTask(bench, ['sh', '-c', linesOf(bytes)]);
    const peaks: number[] = [];
    const ours = async (round: number) => {
      const { peakMb, speed } = await counted(bench, task.sandbox(), bytes);
      if (round >= 0 && peakMb !== null) peaks.push(peakMb);
      return speed;
    };
    const speedOf = async (argv: string[]) => (await counted(bench, argv, bytes)).speed;
    const logless = ['--log-driver', 'none'];
    const measured = await interleave(
      {
        ours: { label: 'sandbox run', run: ours },
        docker: { label: 'docker run', run: () => speedOf(task.plainDockerRun()) },
        logless: {
          label: 'docker run --log-driver none',
          run: () => speedOf(task.plainDockerRun(logless)),
        },
      },
      {
        // Seconds each, so that the first one costs nothing that would show.
        rounds: bench.isQuick ? 1 : 3,
        warmups: 0,
        unit: 'MB/s',
        say: bench.say,
      },
    );
    const title = `${bytes / 1e9} GB of output to a pipe, bytes per second`;
    const { samples } = measured.ours;
    return {
      kind: 'measured',
      series: [
        ...Object.values(measured),
        { label: 'sandbox, peak memory', unit: 'MB', samples: peaks },
      ],
      comparisons: [
        {
          title,
          against: '`docker run --rm` as people run it (json-file log)',
          unit: '×',
          values: ratios(samples, measured.docker.samples),
          target: { bound: 'at-least', must: 2, goal: 3 },
        },
        {
          title,
          against: '`docker run --rm --log-driver none`',
          unit: '×',
          values: ratios(samples, measured.logless.samples),
          target: { bound: 'at-least', must: 0.95, goal: 1.1 },
        },
        peakMemory('peak memory of `sandbox` during that', peaks),
      ],
      notes: [
        'The task prints lines of 84 characters; the reader is `wc -c`, and every byte is counted.',
      ],
    };
  },
};

export function peakMemory(title: string, values: readonly number[]): Comparison {
  const target = { bound: 'at-most', must: 120, goal: 80 } as const;
  return { title, against: null, unit: 'MB', values, target };
}

/** Text, since zeros would be the worst case of the json-file log. */
function linesOf(bytes: number): string {
  const line =
    'The quick brown fox jumps over the lazy dog, and then does the same thing once more';
  return `yes '${line}' | head -c ${bytes}`;
}

async function counted(bench: Bench, argv: string[], bytes: number) {
  const { wallMs, stdout, peakMb } = await runPiped(bench, argv, { reader: 'wc -c' });
  if (Number(stdout) === bytes) return { speed: bytes / 1e3 / wallMs, peakMb };
  throw new Error(`expected ${bytes} bytes to arrive, got ${stdout.trim()}`);
}
