import { describe, expect, test } from 'vitest';
import { BatchOutput } from '../../src/run/batch/batch-output.ts';
import { WholeLines } from '../../src/run/batch/whole-lines.ts';
import { taskSpec } from './support/task-spec.ts';

const task = (index: number) => ({ index, line: null, spec: taskSpec({ id: `t${index}` }) });

describe('whole lines', () => {
  test('come once they have ended, and the last one gets an end', () => {
    const lines = new WholeLines();
    const parts = ['a', 'b\nc', '', '\n', 'd'].map((text) => lines.push(Buffer.from(text)));
    expect([...parts, lines.finish(), lines.finish()].map(String)).toEqual([
      ...['', 'ab\n', '', 'c\n', ''],
      ...['d\n', ''],
    ]);
  });

  test('a line without an end does not stay in memory', () => {
    const lines = new WholeLines();
    const chunk = Buffer.alloc(50 * 1024, 'x');
    expect(lines.push(chunk).length).toBe(0);
    expect(lines.push(chunk).length).toBe(100 * 1024);
  });
});

describe('what tasks print', () => {
  async function shownOf(isOrdered: boolean): Promise<string[]> {
    const shown: string[] = [];
    const output = new BatchOutput(
      ({ spec }, { stream, chunk }) => void shown.push(`${spec.id} ${stream} ${String(chunk)}`),
      { isOrdered },
    );
    const [zero, one, two, three] = [task(0), task(1), task(2), task(3)];
    const [a, b, c] = [output.receiverFor(zero), output.receiverFor(one), output.receiverFor(two)];
    await c.stdout(Buffer.from('c1\nc2'));
    await b.stderr(Buffer.from('b1\n'));
    await a.stdout(Buffer.from('a1\n'));
    output.end(two);
    output.end(zero);
    await b.stdout(Buffer.from('b2\n'));
    // One that never ran is waited for as well.
    output.end(three);
    output.end(one);
    await output.close();
    return shown;
  }

  test('comes as it comes, in whole lines', async () => {
    expect(await shownOf(false)).toEqual([
      ...['t2 stdout c1\n', 't1 stderr b1\n', 't0 stdout a1\n', 't2 stdout c2\n'],
      't1 stdout b2\n',
    ]);
  });

  test('comes in the order of the file where that was asked for', async () => {
    expect(await shownOf(true)).toEqual([
      ...['t0 stdout a1\n', 't1 stderr b1\n', 't1 stdout b2\n'],
      ...['t2 stdout c1\n', 't2 stdout c2\n'],
    ]);
  });

  test('makes a task wait for a reader, and tells it that the reader has gone', async () => {
    const gone = new BatchOutput(() => Promise.reject(new Error('EPIPE')), { isOrdered: false });
    const { stdout } = gone.receiverFor(task(0));
    await expect(stdout(Buffer.from('x\n'))).rejects.toThrow('EPIPE');
    gone.end(task(0));
    await gone.close();
  });
});
