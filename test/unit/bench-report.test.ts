import { describe, expect, it } from 'vitest';
import { readArgv } from '../../bench/argv.ts';
import { rotated } from '../../bench/interleave.ts';
import { highWaterMarkMb } from '../../bench/pipeline.ts';
import { plot, shareOfLimit } from '../../bench/plot.ts';
import { createBody } from '../../bench/raw-commands.ts';
import type { Result } from '../../bench/result.ts';
import type { Comparison } from '../../bench/row.ts';
import { median, quantile, ratios, verdictOf } from '../../bench/statistics.ts';
import { markdown } from '../../bench/table.ts';

const ratio: Comparison = {
  title: '`ours`',
  against: '`theirs`',
  unit: '×',
  values: [1.4, 1, 1.2],
  target: { bound: 'at-most', must: 1.5, goal: 1.2 },
};

describe('statistics', () => {
  it('takes the middle, or what lies between the two that are', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(median([])).toBeNaN();
  });

  it('compares round by round, not median by median', () => {
    expect(median(ratios([10, 90, 40], [10, 30, 80]))).toBe(1);
    expect(() => ratios([1], [])).toThrow('expected as many rounds, got 1 and 0');
  });

  it.each([
    [1.2, 'goal'],
    [1.204, 'goal'],
    [1.21, 'must'],
    [1.5, 'must'],
    [1.51, 'missed'],
    [NaN, 'missed'],
  ])('judges %s of at most 1.5, goal 1.2: %s', (value, verdict) => {
    expect(verdictOf({ ...ratio, values: [value] })).toBe(verdict);
  });

  it('judges the other way round where more is better, and nothing where it only informs', () => {
    const target = { bound: 'at-least', must: 2, goal: null } as const;
    expect(verdictOf({ ...ratio, values: [2.1], target })).toBe('must');
    expect(verdictOf({ ...ratio, values: [1.9], target })).toBe('missed');
    expect(verdictOf({ ...ratio, target: null })).toBe('informs');
  });
});

describe('measuring', () => {
  it('begins each round one further', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
  });

  it("reads the kernel's high-water mark in megabytes", () => {
    expect(highWaterMarkMb('VmPeak:\t  999 kB\nVmHWM:\t  125000 kB\n')).toBe(128);
    expect(highWaterMarkMb('Name:\tzombie\n')).toBeNull();
  });

  it('finds the call that creates the task, and not the one that looks into its image', () => {
    const call = (path: string, body: string) =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const task = '{"HostConfig":{"Memory":1},"Cmd":["a\\r\\n\\r\\nb"]}';
    const create = call('/v1.41/containers/create?name=x', task);
    expect(createBody(`GET /info HTTP/1.1\r\n\r\n${create}${call('/start', '')}`)).toBe(task);
    expect(createBody(call('/v1.41/containers/create', '{"Image":"x"}'))).toBeNull();
    expect(createBody(call('/v1.41/networks/create', task))).toBeNull();
  });

  it('reads which rows and how', () => {
    expect(readArgv(['run-true', '--quick', '--program', 'x'])).toMatchObject({
      ...{ names: ['run-true'], isQuick: true, program: 'x', node: null },
    });
    expect(() => readArgv(['--quik'])).toThrow('--quik');
  });
});

describe('report', () => {
  const missed: Comparison = {
    ...ratio,
    title: 'memory',
    against: null,
    unit: 'MB',
    values: [150],
    target: { bound: 'at-most', must: 120, goal: 80 },
  };
  const result: Result = {
    machine: { cpu: 'a <fast> one' },
    isQuick: false,
    notes: [],
    rows: [
      {
        name: 'one',
        about: 'first',
        outcome: {
          kind: 'measured',
          series: [{ label: 'ours', unit: 'ms', samples: [10, 30, 20] }],
          comparisons: [ratio, missed],
          notes: ['a note'],
        },
      },
      { name: 'two', about: 'second', outcome: { kind: 'skipped', reason: 'no | engine' } },
    ],
  };

  it('has every figure, its quartiles, its limit and its verdict', () => {
    const lines = markdown(result).split('\n');
    expect(lines).toContain(
      '| `ours` | `theirs` | **1.20×** (1.10× – 1.30×) | ≤ 1.50×, goal ≤ 1.20× | ✓ goal |',
    );
    expect(lines).toContain('| memory |  | **150 MB** | ≤ 120 MB, goal ≤ 80 MB | ✗ missed |');
    expect(lines).toContain('| one | ours | 20.0 ms | 10.0 ms | 30.0 ms | 3 |');
    expect(lines).toContain('- a note');
  });

  it('never leaves out what was not measured', () => {
    expect(markdown(result)).toContain('| second |  | skipped: no \\| engine |  | `two` |');
    expect(plot(result)).toContain('skipped: second');
  });

  it('says which figures do not count', () => {
    expect(markdown({ ...result, isQuick: true })).toContain('the figures do not count');
    expect(plot({ ...result, isQuick: true })).toContain('the figures do not count');
  });

  it('draws less than the limit as less, whichever way the limit is written', () => {
    const atLeast = { bound: 'at-least', must: 2, goal: 3 } as const;
    expect(shareOfLimit(0.75, { bound: 'at-most', must: 1.5, goal: null })).toBe(0.5);
    expect(shareOfLimit(4, atLeast)).toBe(0.5);
    expect(shareOfLimit(0.1, atLeast)).toBe(2);
  });

  it('draws a bar for each figure and is one well-formed picture', () => {
    const svg = plot(result);
    expect(svg.match(/<rect class="bar goal"/g)).toHaveLength(1);
    expect(svg.match(/<rect class="bar missed"/g)).toHaveLength(1);
    expect(svg.match(/<circle/g)).toHaveLength(3 + 1 + 3);
    expect(svg).toContain('a &lt;fast> one');
    expect(svg).not.toContain('NaN');
  });
});
