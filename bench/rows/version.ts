import { interleave } from '../interleave.ts';
import { wallMsOf } from '../process.ts';
import type { Row } from '../row.ts';
import { ratios } from '../statistics.ts';

export const version: Row = {
  name: 'version',
  about: 'start-up: `sandbox --version`',
  async measure({ sandbox, node, isQuick, say }) {
    const { ours, bare } = await interleave(
      {
        ours: { label: 'sandbox --version', run: () => wallMsOf([sandbox, '--version']) },
        bare: { label: 'node -e 0', run: () => wallMsOf([node, '-e', '0']) },
      },
      { rounds: isQuick ? 5 : 21, warmups: 2, unit: 'ms', say },
    );
    return {
      kind: 'measured',
      series: [ours, bare],
      comparisons: [
        {
          title: '`sandbox --version`',
          against: '`node -e 0` of the same Node',
          unit: '×',
          values: ratios(ours.samples, bare.samples),
          target: { bound: 'at-most', must: 1.5, goal: 1.2 },
        },
      ],
      notes: [],
    };
  },
};
