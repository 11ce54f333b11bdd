import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { askOwner, OwnerSilent } from '../../src/control/ask-owner.ts';
import { type Mark, markedCommand, readMarks, sweepControls } from '../../src/control/mark.ts';
import type { ControlMessage, ControlRequest } from '../../src/control/message.ts';
import { TaskControl } from '../../src/control/task-control.ts';
import { currentOwner } from '../../src/engine/owner.ts';
import { OutputCapture } from '../../src/outcome/output.ts';

const never = new AbortController().signal;
const passed = { status: 'passed', exitCode: 0 } as const;
const all = { ask: 'logs', follow: true, tail: null } as const;

let count = 0;

/** A running task whose output is what `print` gives it. */
async function running() {
  const captures = { stdout: new OutputCapture(64), stderr: new OutputCapture(64) };
  const onStop = vi.fn();
  const kept = () => ({ stdout: captures.stdout.kept(), stderr: captures.stderr.kept() });
  const isEnding = vi.fn(() => false);
  const control = new TaskControl({ kept, onStop, isEnding });
  count += 1;
  const id = `control-${process.pid}-${count}`;
  await control.open({
    ...{ id, command: ['true'], engine: { name: 'simulation', address: null }, handle: null },
    ...{ startedAtMs: Date.now(), timeoutMs: 0, killAfterMs: 0, receiptPath: '/nowhere' },
  });
  onTestFinished(() => control.close(passed));
  const print = (stream: 'stdout' | 'stderr', chunk: string | Buffer) => {
    captures[stream].write(Buffer.from(chunk));
    control.feed(stream, Buffer.from(chunk));
  };
  const mark = (await readMarks()).find(({ task }) => task.id === id);
  if (!mark) throw new Error('it has no mark');
  return { control, print, onStop, isEnding, mark, id };
}

async function messages(mark: Mark, request: ControlRequest): Promise<ControlMessage[]> {
  const found: ControlMessage[] = [];
  for await (const message of askOwner(mark, request, never)) found.push(message);
  return found;
}

/** What a stream said, with `<n>` where so many bytes are missing. */
function said(found: readonly ControlMessage[], stream: 'stdout' | 'stderr'): string {
  return found
    .map((message) => {
      if (message.kind === 'output' && message.stream === stream) {
        return Buffer.from(message.base64, 'base64').toString();
      }
      return message.kind === 'missing' && message.stream === stream ? `<${message.bytes}>` : '';
    })
    .join('');
}

describe('a reader of a running task', () => {
  test('gets what was printed before, each stream on its own', async () => {
    const { print, mark } = await running();
    print('stdout', 'one\ntwo\n');
    print('stderr', 'three\n');
    const found = await messages(mark, { ...all, follow: false });
    expect([said(found, 'stdout'), said(found, 'stderr')]).toEqual(['one\ntwo\n', 'three\n']);
    expect(found.at(-1)).toEqual({ kind: 'so-far' });
    const last = await messages(mark, { ...all, follow: false, tail: 1 });
    expect(said(last, 'stdout')).toBe('two\n');
  });

  test('who follows gets the rest, and how it ended', async () => {
    const { print, mark, control } = await running();
    print('stdout', 'before ');
    const reading = askOwner(mark, all, never);
    expect((await reading.next()).value).toEqual({ kind: 'accepted' });
    print('stdout', 'after');
    await control.close(passed);
    const found: ControlMessage[] = [];
    for await (const message of reading) found.push(message);
    expect(said(found, 'stdout')).toBe('before after');
    expect(found.at(-1)).toEqual({ kind: 'ended', ...passed });
  });

  test('is told where the middle was not kept', async () => {
    const { print, mark } = await running();
    print('stdout', `${'a'.repeat(32)}${'b'.repeat(100)}${'c'.repeat(32)}`);
    const found = await messages(mark, { ...all, follow: false });
    expect(said(found, 'stdout')).toBe(`${'a'.repeat(32)}<100>${'c'.repeat(32)}`);
  });

  test('who stands still holds up nobody, loses what does not fit, and is told', async () => {
    const { print, mark, control } = await running();
    const socket = connect(mark.socketPath);
    onTestFinished(() => void socket.destroy());
    socket.write(`${JSON.stringify(all)}\n`);
    await once(socket, 'readable');
    const chunk = Buffer.alloc(64 * 1024, 'x');
    // Nothing is awaited: if any of it had to wait, it would be for ever.
    for (let index = 0; index < 4096; index += 1) print('stdout', chunk);
    // Half of what was printed, since the collector comes when it likes.
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(128 * 1024 ** 2);
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    const closed = once(socket, 'close');
    await control.close(passed);
    await closed;
    const found = text.trim().split('\n');
    expect(JSON.parse(found.at(-1) ?? '')).toEqual({ kind: 'ended', ...passed });
    expect(found.some((line) => line.includes('"too-slow"'))).toBe(true);
  });

  test('who never reads does not keep the owner', async () => {
    const { print, mark, control } = await running();
    const socket = connect(mark.socketPath);
    onTestFinished(() => void socket.destroy());
    socket.write(`${JSON.stringify(all)}\n`);
    await once(socket, 'readable');
    for (let index = 0; index < 64; index += 1) print('stdout', Buffer.alloc(64 * 1024, 'x'));
    await control.close(passed);
    await expect(readMarks()).resolves.not.toContainEqual(mark);
  });
});

test('Whoever asks for an end that is under way is told so, and it is left alone', async () => {
  const { mark, control, onStop, isEnding } = await running();
  isEnding.mockReturnValue(true);
  const found: string[] = [];
  for await (const { kind } of askOwner(mark, { ask: 'stop' }, never)) {
    found.push(kind);
    if (kind === 'ending') void control.close({ status: 'timed-out', exitCode: 124 });
  }
  expect(found).toEqual(['accepted', 'ending', 'ended']);
  expect(onStop).not.toHaveBeenCalled();
});

test('Whoever asks for the end is told once it is there', async () => {
  const { mark, control, onStop } = await running();
  onStop.mockImplementation(() => void control.close({ status: 'cancelled', exitCode: 143 }));
  const found = await messages(mark, { ask: 'stop' });
  expect(found.at(-1)).toEqual({ kind: 'ended', status: 'cancelled', exitCode: 143 });
  expect(onStop).toHaveBeenCalledOnce();
});

test.each([
  ['of another version', '{"ask":"everything"}\n'],
  ['of another program', 'GET / HTTP/1.1\n'],
  ['too long', `${'x'.repeat(10_000)}\n`],
])('What is no request is refused, and the task goes on: one %s', async (_, line) => {
  const { mark, onStop } = await running();
  const socket = connect(mark.socketPath);
  socket.write(line);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(JSON.parse(answer.toString())).toMatchObject({ kind: 'refused' });
  socket.destroy();
  expect((await messages(mark, { ...all, follow: false })).at(-1)).toEqual({ kind: 'so-far' });
  expect(onStop).not.toHaveBeenCalled();
});

test('Nothing is left of it once it is closed, and who asks then hears that nobody is there', async () => {
  const { mark, control, id } = await running();
  await control.close(passed);
  await expect(messages(mark, { ask: 'stop' })).rejects.toThrow(OwnerSilent);
  expect((await readMarks()).some(({ task }) => task.id === id)).toBe(false);
  expect(await readdir(dirname(mark.socketPath))).not.toContain(mark.socketPath.split('/').at(-1));
});

test('What a dead owner left is not shown and is swept away; what a living one has stays', async () => {
  const { mark } = await running();
  const directory = dirname(mark.socketPath);
  const stem = `dead${process.pid}`;
  const left = { ...currentOwner(), pidStart: '1', task: mark.task };
  // In this order: once there is the mark of a dead owner, any run on this host may sweep.
  await writeFile(join(directory, `${stem}.sock`), '');
  await writeFile(join(directory, `${stem}.json`), JSON.stringify(left));
  expect((await readMarks()).filter(({ owner }) => owner.pidStart === '1')).toEqual([]);
  await sweepControls();
  const names = await readdir(directory);
  expect(names.filter((name) => name.startsWith(stem))).toEqual([]);
  expect(names).toContain(mark.socketPath.split('/').at(-1));
});

test('Of a long command the beginning is told', () => {
  expect(markedCommand(['sh', '-c', 'true'])).toEqual(['sh', '-c', 'true']);
  const long = markedCommand(['echo', 'x'.repeat(100_000), 'end']);
  expect(long).toHaveLength(3);
  expect(long.at(-1)).toBe('…');
  expect(JSON.stringify(long).length).toBeLessThan(40_000);
});
