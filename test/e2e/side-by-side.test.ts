import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeOn } from '../helpers/engines.ts';
import { callOf, passOn, upgrade } from '../helpers/faulty-engine.ts';
import { listenOn } from '../helpers/listening.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOn('docker', 'what is asked side by side', () => {
  test('the image is looked for while the engine still says what it is, and the sweep while it starts', async () => {
    const workspace = await Workspace.create();
    const path = join(workspace.root, 'engine.sock');
    const calls: string[] = [];
    let release: () => void = () => undefined;
    // Asked one after the other, the image would never be asked for.
    const imageAsked = new Promise<void>((resolve) => (release = resolve));
    const server = createServer((request, response) => {
      const call = callOf(request);
      calls.push(call);
      if (/^GET \S*\/images\/\S+\/json/.test(call)) release();
      if (call.startsWith('GET /info')) void imageAsked.then(() => passOn(request, response));
      else passOn(request, response);
    });
    server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) =>
      upgrade(request, connection, head),
    );
    const { close } = await listenOn(server, { path });
    onTestFinished(close);
    const { exitCode, stdout } = await workspace.run([
      '--host',
      `unix://${path}`,
      '--',
      'echo',
      'hi',
    ]);
    expect([exitCode, stdout]).toEqual([0, 'hi\n']);
    const at = (pattern: RegExp) => calls.findIndex((call) => pattern.test(call));
    expect(at(/\/containers\/json/)).toBeGreaterThan(at(/\/containers\/create/));
    expect((await workspace.receipt()).evidence.removed).toBe(true);
  });
});
