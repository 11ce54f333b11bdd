import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readReceipt } from '../helpers/cli.ts';
import { containersOf, describeOn } from '../helpers/engines.ts';
import { type Fault, faultyEngine, respond } from '../helpers/faulty-engine.ts';
import { type Call, FaultyRun, calls } from '../helpers/faulty-run.ts';
import { OwnEngine } from '../helpers/own-engine.ts';
import { fillDisk, mountSmallDisk, whyNoDisk } from '../helpers/small-disk.ts';
import { Workspace } from '../helpers/workspace.ts';

afterAll(() => FaultyRun.cleanUp());

const conflict = respond(409, '{"message":"conflict"}');
const half = respond(200, '{"Id": "abc');
const empty = respond(200, '{}');
const on = (call: Call, fault: Fault) =>
  FaultyRun.on(call, (line) => (calls[call].test(line) ? fault : null));

/** What is known of a run, and that it left no container. */
async function seen(run: FaultyRun) {
  const { exitCode, stderr } = await run.result;
  const { status, error, evidence } = await run.receipt();
  if (error) expect(stderr).toContain(error.message);
  expect(await containersOf(run.id)).toEqual([]);
  return { exitCode, status, code: error?.code, mayStillRun: evidence.mayStillRun };
}

const failed = (code: string, status = 'engine-failed') => ({
  ...{ exitCode: 125, status, code, mayStillRun: false },
});

describeOn('docker', 'an engine that answers nonsense', () => {
  const slow = new Map<string, FaultyRun>();
  beforeAll(() => {
    // They wait ten seconds for an end that does not come.
    slow.set('kill', on('kill', conflict));
    slow.set('start', on('start', empty));
  });

  test.each<[Call, string, string]>([
    ['version', 'engine-error', 'engine-failed'],
    ['info', 'engine-error', 'engine-failed'],
    ['image', 'engine-error', 'engine-failed'],
    ['networks', 'engine-error', 'engine-failed'],
    ['create', 'id-in-use', 'not-started'],
    ['attach', 'engine-error', 'engine-failed'],
    ['wait', 'engine-error', 'engine-failed'],
    ['events', 'engine-error', 'engine-failed'],
    ['inspect', 'engine-error', 'engine-failed'],
    ['start', 'start-failed', 'not-started'],
  ])('409 to %s ends the run with 125', async (call, code, status) => {
    expect(await seen(on(call, conflict))).toEqual(failed(code, status));
  });

  test.each<[Call, string]>([
    ['image', 'engine-error'],
    ['networks', 'engine-error'],
    ['create', 'engine-error'],
    ['wait', 'engine-lost'],
    ['inspect', 'engine-error'],
  ])('JSON without what belongs there, or half of it, to %s: 125', async (call, code) => {
    const runs = [on(call, empty), on(call, half)];
    for (const run of runs) expect(await seen(run)).toEqual(failed(code));
  });

  test('events that cannot be read: the deadline holds, and nothing is said of memory', async () => {
    const run = on('events', half);
    expect(await seen(run)).toMatchObject({ exitCode: 124, status: 'timed-out' });
    expect((await run.receipt()).evidence.oomKills).toBeNull();
  });

  test.each(['kill', 'start'])('a %s that did nothing ends the run with 125', async (call) => {
    const run = slow.get(call);
    if (!run) throw new Error(`no such run: ${call}`);
    expect(await seen(run)).toEqual(failed('engine-unresponsive'));
  });

  test('one that is slow is waited for', async () => {
    const run = new FaultyRun('slow', (path) => faultyEngine(path, undefined, undefined, 500));
    expect(await seen(run)).toMatchObject({ exitCode: 124, status: 'timed-out' });
  });
});

/** Passes the output on until it says `ran`, and then cuts it. */
function cutAfterWord(line: string, cut: (connection: Duplex) => void): Fault {
  return (connection) => {
    const upstream = connect('/var/run/docker.sock');
    upstream.write(`${line} HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n`);
    upstream.write('Content-Length: 0\r\n\r\n');
    upstream.on('data', (chunk: Buffer) => {
      connection.write(chunk, () => {
        if (chunk.includes('ran')) cut(connection);
      });
    });
    for (const socket of [upstream, connection]) socket.on('error', () => undefined);
    upstream.on('close', () => connection.destroy());
    connection.on('close', () => upstream.destroy());
  };
}

describeOn('docker', 'the stream of the output', () => {
  async function run(line: string, faultFor: (call: string) => Fault | null) {
    const workspace = await Workspace.create();
    const path = join(workspace.root, 'engine.sock');
    const engine = await faultyEngine(path, faultFor);
    onTestFinished(engine.close);
    const args = ['--host', `unix://${path}`, '--timeout', '1h', '-c', line];
    const result = await workspace.run(args);
    return { ...result, receipt: await workspace.receipt() };
  }

  test.each<[string, (connection: Duplex) => void]>([
    ['closed in order', (connection) => connection.end()],
    ['broken', (connection) => connection.destroy()],
  ])('%s while the task runs: the run ends, and is not called complete', async (_, cut) => {
    const { exitCode, stderr, receipt } = await run('echo ran; exec sleep 3000', (call) =>
      calls.attach.test(call) ? cutAfterWord(call, cut) : null,
    );
    expect(stderr).toContain('closed the stream of the output while the task was running');
    expect(receipt).toMatchObject({
      status: 'engine-failed',
      error: { code: 'engine-lost' },
      task: null,
      stdout: { text: 'ran\n' },
      evidence: { outputComplete: false, removed: true, mayStillRun: false },
    });
    expect(exitCode).toBe(125);
    expect(await containersOf(receipt.id)).toEqual([]);
  });

  test('that the task itself closes is no failure', async () => {
    const { exitCode } = await run('exec >&- 2>&-; sleep 3; exit 7', () => null);
    expect(exitCode).toBe(7);
  });
});

const why = whyNoDisk === null ? '' : ` (skipped: ${whyNoDisk})`;
describeOn('docker', `an engine without room${why}`, () => {
  describe.skipIf(whyNoDisk !== null)('on its disk, or for a network', () => {
    test('refuses the task, says why, and nothing is left', async () => {
      const workspace = await Workspace.create();
      const dataRoot = join(workspace.root, 'data');
      await mountSmallDisk(dataRoot, '48m');
      // The engine's own bridge takes the only range there is.
      const addressPools = [{ base: '10.213.7.0/24', size: 24 }];
      const engine = await OwnEngine.start({ dataRoot, addressPools });
      onTestFinished(() => engine.close());
      const base = ['--host', engine.host, '--image', OwnEngine.image, '--pull', 'never'];
      const refused = async (id: string, args: string[]) => {
        const { exitCode } = await workspace.run([...base, '--id', id, ...args, '--', 'true']);
        const path = join(workspace.receiptsDir, `${id}.json`);
        const { status, error } = await readReceipt(path);
        return { exitCode, status, code: error?.code, message: error?.message, hint: error?.hint };
      };
      const before = await engine.docker.listNetworks();
      expect(await refused('network', ['--network', 'egress'])).toEqual({
        ...{ exitCode: 125, status: 'not-started', code: 'network-not-usable' },
        message: expect.stringContaining('could not make the network sandbox-egress') as string,
        hint: expect.stringContaining('default-address-pools') as string,
      });
      expect(await engine.docker.listNetworks()).toHaveLength(before.length);
      await fillDisk(dataRoot);
      expect(await refused('disk', [])).toMatchObject({
        ...{ exitCode: 125, status: 'not-started', code: 'start-failed' },
        message: expect.stringContaining('no space left on device') as string,
      });
      expect(await engine.docker.listContainers({ all: true })).toEqual([]);
      expect((await workspace.receiptNames()).sort()).toEqual(['disk.json', 'network.json']);
    });
  });
});
