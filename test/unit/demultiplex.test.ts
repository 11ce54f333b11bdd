import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { demultiplex } from '../../src/engine/docker/demultiplex.ts';
import type { Sink } from '../../src/engine/engine.ts';
import { failureOf } from './support/failure.ts';
import { chunksOf, seededRandom } from './support/random.ts';

function frame(stream: number, payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** What each stream got, in the order in which it came. */
async function split(chunks: readonly Buffer[]): Promise<{ stdout: string; stderr: string }> {
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  const into = (list: Buffer[]): Sink => {
    return (chunk) => void list.push(Buffer.from(chunk));
  };
  // Copied: the chunks are whose reads them.
  await demultiplex(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), {
    stdout: into(parts.stdout),
    stderr: into(parts.stderr),
  });
  const text = (list: Buffer[]) => Buffer.concat(list).toString('latin1');
  return { stdout: text(parts.stdout), stderr: text(parts.stderr) };
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const stream = Buffer.concat([
  frame(1, 'one '),
  frame(2, 'two '),
  frame(1, ''),
  frame(2, ''),
  frame(1, everyByte),
  frame(0, 'three'),
  frame(2, 'four'),
]);
const expected = { stdout: `one ${everyByte.toString('latin1')}three`, stderr: 'two four' };

describe('the two streams of a task', () => {
  test('come out byte for byte', async () => {
    expect(await split([stream])).toEqual(expected);
  });

  test('are the same wherever the connection cuts them', async () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      expect(await split([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(expected);
    }
  });

  test('are the same in chunks of one byte and of any size', async () => {
    const random = seededRandom(1);
    expect(await split(chunksOf(stream, 1, () => 1))).toEqual(expected);
    for (let round = 0; round < 50; round += 1) {
      expect(await split(chunksOf(stream, 40, random))).toEqual(expected);
    }
  });

  test('come in as few pieces as their order allows', async () => {
    const pieces: string[] = [];
    const into = (name: string): Sink => {
      return (chunk) => void pieces.push(`${name} ${chunk.toString()}`);
    };
    const frames = [frame(1, 'a'), frame(1, 'b'), frame(2, 'c'), frame(1, 'd'), frame(1, 'e')];
    const source = Readable.from([Buffer.concat(frames)]);
    await demultiplex(source, { stdout: into('out'), stderr: into('err') });
    expect(pieces).toEqual(['out ab', 'err c', 'out de']);
  });

  test('may hold a frame that is larger than any chunk', async () => {
    const large = Buffer.alloc(300_000, 'x');
    const { stdout } = await split(chunksOf(frame(1, large), 65_536, seededRandom(2)));
    expect(stdout).toBe(large.toString());
  });

  test('may be empty', async () => {
    expect(await split([])).toEqual({ stdout: '', stderr: '' });
  });
});

test.each([3, 255])('A frame of the unknown stream %i is refused', async (number) => {
  const failure = await failureOf(() => split([frame(1, 'a'), frame(number, 'b'), frame(1, 'c')]));
  expect(failure.code).toBe('engine-error');
  expect(failure.message).toContain(`unknown stream ${number}`);
});

test('Nothing more is read while a sink asks to wait', async () => {
  const chunks = Array.from({ length: 20 }, (_, index) => frame(1 + (index % 2), `${index}`));
  let waiting = 0;
  let mostWaiting = 0;
  const received: string[] = [];
  const slow: Sink = async (chunk) => {
    received.push(chunk.toString());
    waiting += 1;
    mostWaiting = Math.max(mostWaiting, waiting);
    await new Promise((resolve) => setImmediate(resolve));
    waiting -= 1;
  };
  await demultiplex(Readable.from(chunks), { stdout: slow, stderr: slow });
  expect(mostWaiting).toBe(1);
  expect(received).toEqual(chunks.map((_, index) => `${index}`));
});

test.each<[string, Sink]>([
  ['rejects', () => Promise.reject(new Error('sink broke'))],
  [
    'throws',
    () => {
      throw new Error('sink broke');
    },
  ],
])('A sink that %s ends the reading', async (_, sink) => {
  const source = Readable.from([frame(1, 'a'), frame(1, 'b')]);
  await expect(demultiplex(source, { stdout: sink, stderr: sink })).rejects.toThrow('sink broke');
  expect(source.destroyed).toBe(true);
});
