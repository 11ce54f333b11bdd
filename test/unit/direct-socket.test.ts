import { type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { DirectSocket } from '../../src/engine/direct-socket.ts';
import { pump } from '../../src/engine/pump.ts';
import { seededRandom } from './support/random.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

/** Both ends of a local connection: who writes, and who reads. */
async function connection(): Promise<{ writer: Socket; reader: DirectSocket }> {
  const path = join(await temporaryDirectory(), 'socket');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const reader = new DirectSocket();
  const accepted = new Promise<Socket>((resolve) => server.on('connection', resolve));
  reader.connect(path);
  const writer = await accepted;
  onTestFinished(() => {
    reader.destroy();
    writer.destroy();
    server.close();
  });
  return { writer, reader };
}

const random = seededRandom(1);
const megabytes = Buffer.from(Array.from({ length: 3_000_000 }, () => random(256)));

async function first(reader: DirectSocket): Promise<string> {
  return await new Promise((resolve) =>
    reader.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
}

test('All that comes is handed on in the same memory, and then the end is told', async () => {
  const { writer, reader } = await connection();
  writer.end(megabytes);
  const parts: Buffer[] = [];
  const memory = new Set<ArrayBufferLike>();
  await pump(reader, (chunk) => {
    parts.push(Buffer.from(chunk));
    memory.add(chunk.buffer);
    return undefined;
  });
  expect(Buffer.concat(parts).equals(megabytes)).toBe(true);
  expect(memory.size).toBe(1);
});

test('While a chunk is waited for no other comes, and nothing is lost', async () => {
  const { writer, reader } = await connection();
  writer.end(megabytes);
  const parts: Buffer[] = [];
  let waiting = 0;
  let mostWaiting = 0;
  await pump(reader, async (chunk) => {
    parts.push(Buffer.from(chunk));
    mostWaiting = Math.max(mostWaiting, (waiting += 1));
    for (let turns = 0; turns < 3; turns += 1) await turn();
    waiting -= 1;
  });
  expect(mostWaiting).toBe(1);
  expect(Buffer.concat(parts).equals(megabytes)).toBe(true);
});

test('Before it is handed over it is read as any other, and what nobody has read yet comes first', async () => {
  const { writer, reader } = await connection();
  writer.write('headers');
  expect(await first(reader)).toBe('headers');
  reader.pause();
  reader.unshift(Buffer.from('early '));
  writer.end('late');
  let text = '';
  await pump(reader, (chunk) => void (text += chunk.toString()));
  expect(text).toBe('early late');
});

test('What nobody reads is not taken from whoever writes', async () => {
  const { writer, reader } = await connection();
  // It fills what the kernel holds, and what a stream does.
  writer.end(megabytes);
  await new Promise((resolve) => reader.once('readable', resolve));
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(reader.readableLength).toBeLessThan(megabytes.length / 2);
  const parts: Buffer[] = [];
  await pump(reader, (chunk) => void parts.push(Buffer.from(chunk)));
  expect(Buffer.concat(parts).equals(megabytes)).toBe(true);
});
