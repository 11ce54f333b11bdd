import { interleave } from '../interleave.ts';
import { runProgram, wallMsOf } from '../process.ts';
import { type Bench, type Row, skipped } from '../row.ts';
import { ratios } from '../statistics.ts';

export const runSimulation: Row = {
  name: 'run-simulation',
  about: 'one task in simulation with bubblewrap',
  async measure(bench) {
    const argv = [bench.sandbox, 'run', '--engine', 'simulation', '-q', '--', 'true'];
    const level = await isolationLevel(bench);
    if (level !== 'namespace')
      return skipped(`bubblewrap does not work here (isolation: ${level})`);
    const { ours, bare } = await interleave(
      {
        ours: {
          label: 'sandbox run, simulation',
          run: () => wallMsOf(argv, { cwd: bench.workspace }),
        },
        bare: { label: 'node -e 0', run: () => wallMsOf([bench.node, '-e', '0']) },
      },
      { rounds: bench.isQuick ? 5 : 21, warmups: 2, unit: 'ms', say: bench.say },
    );
    return {
      kind: 'measured',
      series: [ours, bare],
      comparisons: [
        {
          title: '`sandbox run -- true` in simulation with bubblewrap',
          against: '`node -e 0` of the same Node',
          unit: '×',
          values: ratios(ours.samples, bare.samples),
          target: { bound: 'at-most', must: 2.5, goal: 1.8 },
        },
      ],
      notes: [],
    };
  },
};

async function isolationLevel({ sandbox, workspace }: Bench): Promise<string> {
  const argv = [sandbox, 'run', '--engine', 'simulation', '-q', '--json', '--', 'true'];
  const { stdout } = await runProgram(argv, { cwd: workspace, wantsOutput: true });
  return (JSON.parse(stdout) as { isolation: { level: string } }).isolation.level;
}
