import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { engineSocket } from './engine.ts';
import { runProgram } from './process.ts';
import type { Bench } from './row.ts';
import { nextId } from './same-task.ts';

/** The same task by the engine's API alone, without a client; each call answers the command for one more. */
export async function rawCommands(bench: Bench, command: readonly string[]) {
  const bodyPath = join(bench.scratch, 'create.json');
  await writeFile(bodyPath, await recordCreate(bench, command));
  return (): string[] => [bench.node, bench.rawRun, bodyPath, `sandbox-${nextId()}`];
}

/** What `sandbox run` asks the engine for when it creates a container: JSON, listened to on the way. */
async function recordCreate(bench: Bench, command: readonly string[]): Promise<string> {
  const path = join(bench.scratch, 'recorder.sock');
  const said: Buffer[][] = [];
  const server = createServer((client) => said.push(passOn(client)));
  server.listen(path);
  await once(server, 'listening');
  try {
    const argv = [bench.sandbox, 'run', '--host', `unix://${path}`, '--', ...command];
    await runProgram(argv, { cwd: bench.workspace });
  } finally {
    server.close();
  }
  const bodies = said.map((chunks) => createBody(Buffer.concat(chunks).toString()));
  const body = bodies.find((found) => found !== null);
  if (body === undefined) throw new Error('expected sandbox run to create a container, it did not');
  return body;
}

/** Connects a client to the engine; answers what the client has said so far. */
function passOn(client: Socket): Buffer[] {
  const chunks: Buffer[] = [];
  const engine = connect(engineSocket);
  client.on('data', (chunk) => chunks.push(chunk));
  client.pipe(engine).pipe(client);
  for (const end of [client, engine]) end.on('error', () => undefined);
  return chunks;
}

/** The body of the first call that creates a container, among all that was said on one connection; or null. */
export function createBody(said: string): string | null {
  const [, after] = /POST \S*\/containers\/create\S* HTTP\/1\.1\r\n([^]*)/.exec(said) ?? [];
  const [head = '', ...rest] = after?.split('\r\n\r\n') ?? [];
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? NaN);
  if (Number.isNaN(length)) return null;
  const body = Buffer.from(rest.join('\r\n\r\n')).subarray(0, length).toString();
  // An image's identity is looked up in a container of its own, which has no limits.
  return body.includes('"Memory"') ? body : null;
}
