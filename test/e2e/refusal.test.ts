import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { FailureCode } from '../../src/failure.ts';
import { binPath } from '../helpers/cli.ts';
import { containersOf, describeOn } from '../helpers/engines.ts';
import {
  type Fault,
  type FaultOf,
  answer,
  breakOff,
  faultyEngine,
  freeze,
  hangUp,
  respond,
} from '../helpers/faulty-engine.ts';
import { type Call, FaultyRun, calls } from '../helpers/faulty-run.ts';
import { listenOn } from '../helpers/listening.ts';
import { runs } from '../helpers/programs.ts';
import { Workspace } from '../helpers/workspace.ts';

interface Refusal {
  readonly code: FailureCode;
  /** What stderr says: why, and what to do. */
  readonly says: readonly string[];
}

/** Exit 125 with the reason and the remedy, nothing ran, and never a simulation. */
async function expectRefusal(
  workspace: Workspace,
  { exitCode, stdout, stderr }: { exitCode?: number | undefined; stdout: string; stderr: string },
  { code, says }: Refusal,
) {
  const { status, error, task, isolation, engine } = await workspace.receipt();
  expect({ exitCode, stdout, status, code: error?.code }).toEqual({
    exitCode: 125,
    stdout: '',
    status: 'engine-failed',
    code,
  });
  for (const text of says) expect(stderr).toContain(text);
  expect(stderr).toContain(error?.message);
  expect(stderr).toContain(error?.hint);
  expect(stderr).not.toContain('simulation,');
  expect({ task, engine, level: isolation.level }).toEqual({
    task: null,
    engine: null,
    level: null,
  });
  await expect(stat(join(workspace.path, 'ran'))).rejects.toThrow('ENOENT');
}

const touch = ['--', 'touch', 'ran'];

describe('something that is there and is no engine that serves us', () => {
  interface Case {
    readonly fault: Fault;
    readonly code: FailureCode;
    readonly says: readonly string[];
  }
  const error = (fault: Fault, reason: string): Case => ({
    fault,
    code: 'engine-error',
    says: [reason, 'Check it with `docker version`'],
  });
  const otherApi = (newest: string, oldest: string): Case => ({
    fault: respond(
      200,
      JSON.stringify({ Version: '1', ApiVersion: newest, MinAPIVersion: oldest }),
    ),
    code: 'engine-api-version',
    says: [`${oldest} to ${newest}`, 'Docker Engine 20.10 (API 1.41) or newer is needed'],
  });

  test.each<[string, Case]>([
    ['an API that is too old', otherApi('1.24', '1.12')],
    ['an API that is too new', otherApi('99.9', '99.0')],
    ['garbage', error(answer('\0\x01 no HTTP at all\n'), 'Parse Error')],
    ['a web page', error(respond(200, '<html>hello</html>', 'text/html'), '<html>')],
    ['an error of the engine', error(respond(500, '{"message":"out of disk"}'), 'out of disk')],
    ['an error of a proxy', error(respond(502, 'Bad Gateway', 'text/plain'), 'Bad Gateway')],
    ['JSON that ends too soon', error(respond(200, '{"Version": "20.1'), 'JSON')],
    ['other JSON', error(respond(200, '{"hello": "world"}'), 'Version')],
    ['no answer before it hangs up', error(hangUp, 'socket hang up')],
    ['half an answer before it hangs up', error(breakOff, 'aborted')],
  ])('%s', async (_, { fault, code, says }) => {
    const workspace = await Workspace.create();
    const path = join(workspace.root, 'engine.sock');
    const engine = await faultyEngine(path, () => fault);
    onTestFinished(engine.close);
    const result = await workspace.run(touch, { env: { DOCKER_HOST: `unix://${path}` } });
    await expectRefusal(workspace, result, { code, says: [`unix://${path}`, ...says] });
  });

  test.each([
    ['a file', async (path: string) => await writeFile(path, '')],
    ['a directory', async (path: string) => await mkdir(path)],
  ])('%s where the socket should be', async (kind, make) => {
    const workspace = await Workspace.create();
    const path = join(workspace.root, 'engine.sock');
    await make(path);
    const result = await workspace.run(touch, { env: { DOCKER_HOST: `unix://${path}` } });
    const says = [`DOCKER_HOST: expected a socket, found ${kind}: unix://${path}`, 'Remove it'];
    await expectRefusal(workspace, result, { code: 'engine-error', says });
  });

  test('an address in a form that is not known', async () => {
    const workspace = await Workspace.create();
    const result = await workspace.run(touch, { env: { DOCKER_HOST: 'gopher://engine' } });
    const { error, status } = await workspace.receipt();
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toContain('DOCKER_HOST: expected an address such as unix://');
    expect({ status, code: error?.code }).toEqual({
      status: 'engine-failed',
      code: 'engine-error',
    });
  });
});

const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const asNobody = isRoot
  ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  : ['env'];
/** Not where the checkout is in a home directory that is closed to others. */
const canBeNobody = await runs(asNobody[0] ?? '', [...asNobody.slice(1), 'test', '-r', binPath]);

describe.skipIf(!canBeNobody)('permission denied', () => {
  /** Root may connect to everything, so it becomes someone else first. */
  async function runWithoutRights(workspace: Workspace, env: Record<string, string>) {
    if (isRoot)
      for (const path of [workspace.root, workspace.path]) await chown(path, nobody, nobody);
    const [program = '', ...args] = [...asNobody, binPath, 'run', ...touch];
    const own = { HOME: workspace.root, XDG_CONFIG_HOME: '/nonexistent', ...env };
    const options = { env: { PATH: process.env.PATH ?? '', ...own }, extendEnv: false };
    return await execa(program, args, {
      cwd: workspace.path,
      input: '',
      reject: false,
      ...options,
    });
  }

  const says = [
    'permission denied by the engine at unix://',
    'sudo usermod -aG docker',
    'rootless',
  ];

  test('by a socket that the caller may not use', async () => {
    const workspace = await Workspace.create();
    const path = join(workspace.root, 'engine.sock');
    const engine = await faultyEngine(path);
    onTestFinished(engine.close);
    await chmod(path, 0);
    const result = await runWithoutRights(workspace, { DOCKER_HOST: `unix://${path}` });
    await expectRefusal(workspace, result, { code: 'engine-permission-denied', says });
  });

  test.runIf(isRoot)('by the default socket, for whoever is not in its group', async () => {
    const workspace = await Workspace.create();
    const result = await runWithoutRights(workspace, {});
    await expectRefusal(workspace, result, { code: 'engine-permission-denied', says });
  });
});

afterAll(() => FaultyRun.cleanUp());

describeOn('docker', 'an engine that fails in the middle of a run', () => {
  const error = respond(500, '{"message":"out of disk"}');
  const page = respond(200, '<html>hello</html>', 'text/html');

  /** Creating and starting are refused with the task in mind; everything else is the engine's own trouble. */
  const isRefusal = (call: Call) => call === 'create' || call === 'start';

  test.each<Call>(['image', 'networks', 'create', 'attach', 'inspect', 'start', 'kill'])(
    '%s: an error, a broken connection and a web page each end the run with 125',
    async (call) => {
      const faults = { error, 'broken connection': hangUp, page };
      const runs = Object.entries(faults).map(([name, fault]) => {
        const run = FaultyRun.on(call, (line) => (calls[call].test(line) ? fault : null));
        return [name, run] as const;
      });
      const seen = await Promise.all(
        runs.map(async ([name, run]) => {
          const { exitCode, stderr } = await run.result;
          const { status, error: failure } = await run.receipt();
          expect(stderr).toContain(failure?.message);
          const left = await containersOf(run.id);
          return [name, { exitCode, status, code: failure?.code, left }];
        }),
      );
      const ended = (code: FailureCode, status = 'engine-failed') => ({
        ...{ exitCode: 125, status, code, left: [] },
      });
      expect(Object.fromEntries(seen)).toEqual({
        error: isRefusal(call) ? ended('start-failed', 'not-started') : ended('engine-error'),
        'broken connection': ended('engine-lost'),
        page: ended('engine-error'),
      });
    },
  );

  test.each<Call>(['wait', 'events'])(
    '%s: an error and a broken connection each end the run with 125',
    async (call) => {
      const codes: FailureCode[] = ['engine-error', 'engine-lost'];
      const runs = [error, hangUp].map((fault) =>
        FaultyRun.on(call, (line) => (calls[call].test(line) ? fault : null)),
      );
      for (const [index, run] of runs.entries()) {
        const { exitCode } = await run.result;
        const { status, error: failure } = await run.receipt();
        expect({ exitCode, status, code: failure?.code }).toEqual({
          exitCode: 125,
          status: 'engine-failed',
          code: codes[index],
        });
        expect(await containersOf(run.id)).toEqual([]);
      }
    },
  );
});

describeOn('docker', 'an engine that freezes', () => {
  /** Each takes ten seconds and more, so all of them run at once. */
  const runs = new Map<string, FaultyRun>();
  const started = (name: string) => {
    const run = runs.get(name);
    if (!run) throw new Error(`no such run: ${name}`);
    return run;
  };

  /** From the call on nothing is answered any more, or only this call is not. */
  const frozenFrom = (call: Call): FaultOf => {
    let isFrozen = false;
    return (line) => {
      isFrozen ||= calls[call].test(line);
      return isFrozen ? freeze : null;
    };
  };
  const frozenOnly =
    (call: Call): FaultOf =>
    (line) =>
      calls[call].test(line) ? freeze : null;

  const beforeStart: Call[] = ['version', 'info', 'image', 'networks', 'create'];
  const afterCreate: Call[] = ['attach', 'wait', 'events', 'inspect', 'start'];
  const alone: Call[] = ['attach', 'wait', 'events', 'inspect', 'kill'];

  beforeAll(() => {
    for (const call of [...beforeStart, ...afterCreate, 'kill'] as const) {
      runs.set(`from ${call}`, FaultyRun.on(`from-${call}`, frozenFrom(call)));
    }
    for (const call of alone)
      runs.set(`only ${call}`, FaultyRun.on(`only-${call}`, frozenOnly(call)));
    const silent = new FaultyRun('silent', (path) => listenOn(createServer(), { path }));
    runs.set('silent', silent);
    const halfImage: FaultOf = (line) => (calls.image.test(line) ? breakOff : null);
    runs.set('half image', FaultyRun.on('half-image', halfImage));
  });

  /** Ten seconds of patience, a few to tidy up, and some of a busy machine. */
  const endsWithinMs = 30_000;

  async function expectUnresponsive(run: FaultyRun) {
    const { exitCode, stderr } = await run.result;
    const receipt = await run.receipt();
    const { status, error } = receipt;
    expect({ exitCode, status, code: error?.code }).toEqual({
      exitCode: 125,
      status: 'engine-failed',
      code: 'engine-unresponsive',
    });
    expect(stderr).toContain('did not answer within 10 s');
    expect(stderr).toContain('It may be overloaded or frozen');
    expect(run.elapsedMs - run.faultyMs).toBeLessThan(endsWithinMs);
    return receipt;
  }

  test('one that accepts and never answers is given up after ten seconds', async () => {
    const run = started('silent');
    const { engine, isolation } = await expectUnresponsive(run);
    expect(run.elapsedMs).toBeGreaterThanOrEqual(10_000);
    expect({ engine, level: isolation.level }).toEqual({ engine: null, level: null });
  });

  test.each(beforeStart)('from %s on: 125 after ten seconds, and nothing is left', async (call) => {
    const run = started(`from ${call}`);
    const { evidence } = await expectUnresponsive(run);
    expect(evidence.removed).toBeNull();
    expect(await containersOf(run.id)).toEqual([]);
  });

  test.each(afterCreate)('from %s on: 125', async (call) => {
    const { task } = await expectUnresponsive(started(`from ${call}`));
    expect(task).toBeNull();
  });

  test('from the deadline on: 125, and the receipt says that the task may still run', async () => {
    const run = started('from kill');
    const { evidence, stdout } = await expectUnresponsive(run);
    expect(stdout.text).toBe('ran\n');
    expect(evidence).toMatchObject({ removed: false, mayStillRun: true });
    const { stderr } = await run.result;
    expect(stderr).toContain('what is left of the task could not be removed');
  });

  test.each(alone)('%s alone: 125, and nothing is left', async (call) => {
    const run = started(`only ${call}`);
    await expectUnresponsive(run);
    expect(await containersOf(run.id)).toEqual([]);
  });

  test('an answer that breaks off is not waited for', async () => {
    const run = started('half image');
    const { exitCode, stderr } = await run.result;
    const { status, error } = await run.receipt();
    expect({ exitCode, status, code: error?.code }).toEqual({
      ...{ exitCode: 125, status: 'engine-failed', code: 'engine-lost' },
    });
    expect(stderr).toMatch(/the connection to the engine at \S+ broke/);
  });

  test('once the engine answers again, the next run removes what was left', async () => {
    const left = [...afterCreate, 'kill'].map((call) => started(`from ${call}`));
    await Promise.all(left.map(({ result }) => result));
    const workspace = await Workspace.create();
    // It removes them beside its task, which lasts for as long as that takes.
    const next = workspace.start(['--engine', 'docker', '-i', '--', 'cat']);
    const namesLeft = async () =>
      (await Promise.all(left.map(({ id }) => containersOf(id)))).flat();
    await expect.poll(namesLeft, { timeout: endsWithinMs }).toEqual([]);
    next.stdin.end();
    expect((await next).exitCode).toBe(0);
  });
});
