import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { PullProgress } from '../../src/engine/docker/images/pull/pull-progress.ts';
import { engineLines } from '../../src/engine/docker/images/pull/pull-stream.ts';

const downloading = (id: string, current: number, total?: number) => ({
  id,
  status: 'Downloading',
  progressDetail: total === undefined ? { current } : { current, total },
});

test('the bytes of all layers are added up, and their total is known once all have told it', () => {
  const progress = new PullProgress();
  const lines = [
    { id: '1', status: 'Pulling from app' },
    { id: 'a', status: 'Pulling fs layer' },
    { id: 'b', status: 'Pulling fs layer' },
    { id: 'b', status: 'Waiting' },
    downloading('a', 10, 100),
    downloading('b', 5),
    downloading('b', 20, 50),
    { id: 'a', status: 'Download complete' },
    { id: 'a', status: 'Extracting', progressDetail: { current: 3, total: 9 } },
    { id: 'b', status: 'Pull complete' },
    { status: 'Digest: sha256:1' },
  ];
  expect(lines.map((line) => progress.take(line))).toEqual([
    null,
    { doneBytes: 0, totalBytes: null },
    { doneBytes: 0, totalBytes: null },
    null,
    { doneBytes: 10, totalBytes: null },
    { doneBytes: 15, totalBytes: null },
    { doneBytes: 30, totalBytes: 150 },
    { doneBytes: 120, totalBytes: 150 },
    null,
    { doneBytes: 150, totalBytes: 150 },
    null,
  ]);
});

test('layers that are there count for nothing', () => {
  expect(new PullProgress().take({ id: 'a', status: 'Already exists' })).toBeNull();
});

async function linesOf(...chunks: (string | Buffer)[]) {
  const bytes = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  const lines = [];
  for await (const line of engineLines(bytes as AsyncIterable<Buffer>)) lines.push(line);
  return lines;
}

test('lines are put together wherever the chunks end', async () => {
  const text = Buffer.from('{"status":"ü"}\r\n{"id":"a"}\n\n{"id":"b"}');
  const chunks = [...text].map((byte) => Buffer.from([byte]));
  expect(await linesOf(...chunks)).toEqual([{ status: 'ü' }, { id: 'a' }, { id: 'b' }]);
});

test('a failure among the lines is thrown in the words of the engine', async () => {
  const lines = linesOf('{"status":"fine"}\n{"error":"no","errorDetail":{"message":"no"}}\n');
  await expect(lines).rejects.toThrow(/^no$/);
});
