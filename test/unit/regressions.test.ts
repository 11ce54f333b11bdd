// One assertion for each defect that was found once, so that it does not come back.
import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { expect, onTestFinished, test } from 'vitest';
import { readArgs } from '../../src/cli/read-argv.ts';
import { runFlags } from '../../src/commands/flags.ts';
import { engineAddresses } from '../../src/engine/docker/address.ts';
import { tmpfsOf } from '../../src/engine/docker/mounts.ts';
import { notEnforced } from '../../src/engine/docker/protections.ts';
import { engineInfo } from '../../src/engine/docker/engine-info.ts';
import { HeldReport } from '../../src/engine/docker/exec-failure.ts';
import { interpreterOf } from '../../src/engine/interpreter.ts';
import { acquireLock } from '../../src/engine/lock.ts';
import { currentOwner } from '../../src/engine/owner.ts';
import { pump } from '../../src/engine/pump.ts';
import { exitCodeOf } from '../../src/outcome/exit-code.ts';
import { OutputCapture } from '../../src/outcome/output.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { ReceiptPlace } from '../../src/receipt/write-receipt.ts';
import { shellLine } from '../../src/report/shell-quote.ts';
import { table } from '../../src/report/table.ts';
import { cancelSignalOf } from '../../src/run/supervise.ts';
import { parseBytes } from '../../src/spec/bytes.ts';
import { userConfigPath } from '../../src/spec/config-file.ts';
import { parseDurationMs } from '../../src/spec/duration.ts';
import { currentCaller, shareableHostPath, workspacePath } from '../../src/spec/host-path.ts';
import { defaultLayer, resolveLayers } from '../../src/spec/layers.ts';
import { Problems } from '../../src/spec/problems.ts';
import type { SettingName } from '../../src/spec/settings.ts';
import { failureOf, problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';
import { taskRecord } from './support/task-record.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const resolve = (
  user: Partial<Record<SettingName, string>>,
  project: Partial<Record<SettingName, string>>,
) => {
  const problems = new Problems();
  const below = [defaultLayer(), layerOf(user, (name) => `user: ${name}`)];
  resolveLayers(
    { below, project: layerOf(project, (name) => `project: ${name}`), above: [] },
    problems,
  );
  problems.throwIfAny();
};
const noCancel = new AbortController().signal;

test('an empty XDG_CONFIG_HOME is not set', () => {
  expect(userConfigPath({ XDG_CONFIG_HOME: '', HOME: '/h' })).toBe(
    '/h/.config/sandbox/sandbox.config.json',
  );
});
test("an empty XDG_CONFIG_HOME does not make a file of the project the user's own", async () => {
  const around = await Surroundings.create();
  await mkdir(join(around.workspace, 'sandbox'));
  await writeFile(
    join(around.workspace, 'sandbox/sandbox.config.json'),
    '{"memory": "8g", "network": "egress"}',
  );
  const cwd = process.cwd();
  process.chdir(around.workspace);
  onTestFinished(() => process.chdir(cwd));
  const spec = await around.resolve({}, { env: { XDG_CONFIG_HOME: '' } });
  expect([spec.limits.memoryBytes, spec.network]).toEqual([512 * 1024 ** 2, 'isolated']);
});
test('an empty DOCKER_CONFIG does not let a file of the project choose the engine', async () => {
  const root = await temporaryDirectory();
  const folder = join(root, 'contexts/meta', createHash('sha256').update('evil').digest('hex'));
  await mkdir(folder, { recursive: true });
  await writeFile(join(root, 'config.json'), '{"currentContext": "evil"}');
  await writeFile(join(folder, 'meta.json'), '{"Endpoints": {"docker": {"Host": "tcp://evil:1"}}}');
  const cwd = process.cwd();
  process.chdir(root);
  onTestFinished(() => process.chdir(cwd));
  const env = { HOME: '/nonexistent', DOCKER_CONFIG: '' };
  const [address] = await engineAddresses({ host: null, context: null, env, cancel: noCancel });
  expect(address?.url).toBe('unix:///var/run/docker.sock');
});
test('a project may not swap the network that the user named for another', async () => {
  await problemsOf(() => resolve({ network: 'ci-net' }, { network: 'prod-net' }));
});
test('a home that is a symlink is still the whole home', async () => {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'home'));
  const caller = { ...currentCaller(), cwd: root, env: { HOME: join(root, 'home') } };
  await expect(shareableHostPath('home', caller)).rejects.toThrow('your whole home directory');
});
test('the engine socket of OrbStack is kept from a task', async () => {
  const root = await temporaryDirectory();
  await mkdir(join(root, '.orbstack/run'), { recursive: true });
  await writeFile(join(root, '.orbstack/run/docker.sock'), '');
  const caller = { ...currentCaller(), cwd: '/tmp', env: { HOME: root } };
  await expect(shareableHostPath(join(root, '.orbstack'), caller)).rejects.toThrow(
    "the engine's socket",
  );
});
test('a named socket that does not exist yet is kept also behind a symlinked directory', async () => {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'link'));
  const env = { HOME: '/nonexistent', DOCKER_HOST: `unix://${root}/link/docker.sock` };
  await expect(shareableHostPath(join(root, 'real'), { ...currentCaller(), env })).rejects.toThrow(
    'socket',
  );
});
test('1Gi is a size, as the comment and FIELD.md say', () => {
  expect(parseBytes('1Gi')).toBe(1024 ** 3);
});
test.each([
  ['0.07h', 252_000],
  ['1.07m', 64_200],
])('%s is %i ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});
test('a bad value in a project file is one problem, not two', async () => {
  expect(await problemsOf(() => resolve({}, { memory: '12x' }))).toHaveLength(1);
});
test("a bad value in the user's file is not blamed on the project", async () => {
  const [problem] = await problemsOf(() => resolve({ memory: '12x' }, { memory: '100m' }));
  expect(problem).toContain('user: memory');
});
test('the user of the config file is the one who must be able to write to the workspace', async () => {
  const around = await Surroundings.create();
  await around.writeUserConfig({ user: '4242:4242' });
  await problemsOf(() => around.resolve());
});
test('of --name and --id the last one counts', () => {
  expect(readArgs(['--name', 'b', '--id', 'a', 'ls'], runFlags).values).toMatchObject({ id: 'a' });
});
test('a takeover that was cut short does not lock a path for ever', async () => {
  const path = join(await temporaryDirectory(), 'lock');
  const dead = JSON.stringify({ ...currentOwner(), host: hostname(), pidStart: '1' });
  await writeFile(path, dead);
  await writeFile(`${path}.takeover`, dead);
  await utimes(`${path}.takeover`, 1, 1);
  expect(await acquireLock(path)).not.toBeNull();
});
test('what is followed by more is no report and passes at once', () => {
  let passed = '';
  const keep = (chunk: Buffer) => void (passed += chunk.toString());
  const holder = new HeldReport(keep, { mayBeTooLong: false });
  void holder.sink(Buffer.from('[FATAL tini (7)] not a report\nand more\n'));
  expect(passed).toBe('[FATAL tini (7)] not a report\nand more\n');
});
test('cpus that are no whole number of billionths are enforced as far as can be', () => {
  const spec = taskSpec({ limits: taskLimits({ cpus: 0.3333333333 }) });
  const inspected = {
    HostConfig: { NanoCpus: 333_333_333 },
    Config: { User: '0:0' },
  } as Docker.ContainerInspectInfo;
  const inspection = { inspected, spec, info: engineInfo({}), product: null, added: [] };
  expect(notEnforced(inspection)).not.toContain('cpus');
});
test('a mount at /tmp/ leaves no tmpfs at /tmp', () => {
  const mounts = [{ type: 'volume', source: 'data', target: '/tmp/', readOnly: false }] as const;
  expect(tmpfsOf(taskSpec({ mounts: [...mounts] })).map(({ target }) => target)).toEqual([
    '/home/sandbox',
  ]);
});
test.each(['//proc', '/./proc', '/workspace/.', '//workspace'])(
  'a target %s is seen through',
  async (target) => {
    const around = await Surroundings.create();
    await problemsOf(() => around.resolve({ mounts: [`source=data,target=${target}`] }));
  },
);
test('a reason that is no signal still gives an exit code', () => {
  const signal = cancelSignalOf(AbortSignal.abort('SIGNIFICANT delay'));
  expect(exitCodeOf({ kind: 'cancelled', end: null, signal, by: 'caller' })).toBe(143);
});
test('a byte that can begin no character is no cut character', () => {
  const capture = new OutputCapture(8);
  capture.write(Buffer.from('aaa\xffxxxxbbbb', 'latin1'));
  const { base64, omittedBytes } = capture.finish();
  expect([base64, omittedBytes]).toEqual([Buffer.from('aaa\xff', 'latin1').toString('base64'), 4]);
});
test('pump ends only when the last chunk was taken', async () => {
  const taken: string[] = [];
  await pump(Readable.from(['a', 'b', 'c'].map((text) => Buffer.from(text))), async (chunk) => {
    await new Promise((done) => setImmediate(done));
    taken.push(chunk.toString());
  });
  expect(taken).toEqual(['a', 'b', 'c']);
});
test('when the deadline passed is said once, and the same', () => {
  const { evidence } = composeReceipt(
    taskRecord({
      cause: { kind: 'deadline' },
      signals: [{ signal: 'SIGTERM', afterMs: 2000.4567 }],
    }),
  );
  expect(evidence.deadline?.passedAfterMs).toBe(evidence.signalsSent[0]?.afterMs);
});
test('a line break in a cell does not make another row', () => {
  expect(
    table(['A'], [['x\nroot  OK']])
      .trimEnd()
      .split('\n'),
  ).toHaveLength(2);
});
test('a variable named __proto__ is passed on or refused, not dropped', async () => {
  const around = await Surroundings.create();
  const { environment } = await around.resolve({ environment: ['__proto__=1'] });
  expect(Object.keys(environment)).toEqual(['__proto__']);
});
test('a mount of a resolved task cannot be changed', async () => {
  const around = await Surroundings.create();
  const { mounts } = await around.resolve({ volumes: ['data:/data'] });
  expect(Object.isFrozen(mounts[0])).toBe(true);
});
test('a receipt below a file says so', async () => {
  const root = await temporaryDirectory();
  await writeFile(join(root, 'file'), '');
  const failure = await failureOf(() => ReceiptPlace.reserve(join(root, 'file/r.json')));
  expect(failure.message).toContain('not a directory');
});
test('an empty HOME is not set', () => {
  expect(userConfigPath({ HOME: '' })).toMatch(/^\//);
});
test('an empty HOME does not make the working directory a home', async () => {
  const root = await temporaryDirectory();
  const cwd = process.cwd();
  process.chdir(root);
  onTestFinished(() => process.chdir(cwd));
  const caller = { ...currentCaller(), cwd: root, env: { HOME: '' } };
  const { uid, gid } = caller;
  expect(await workspacePath('.', caller, { uid, gid })).toBe(root);
});
test('an empty interpreter line names no interpreter', () => {
  expect(interpreterOf(Buffer.from('#!\n'))).toBeNull();
});
test('a first word with = is quoted, or a shell would set a variable', () => {
  expect(shellLine(['A=1', 'x'])).toBe("'A=1' x");
});
test('CONTAINER_HOST with ssh is a candidate', async () => {
  const env = { HOME: '/nonexistent', CONTAINER_HOST: 'ssh://h' };
  const found = await engineAddresses({ host: null, context: null, env, cancel: noCancel });
  expect(found.map(({ url }) => url)).toContain('ssh://h');
});
test('the reference names DOCKER_IMAGE_NAME', async () => {
  expect(await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8')).toContain(
    'DOCKER_IMAGE_NAME',
  );
});
test('a workspace that an unwritten engine directory is: /var/lib/docker', async () => {
  const caller = { ...currentCaller(), env: { HOME: '/nonexistent' } };
  await expect(workspacePath('/var/lib/docker', caller, { uid: null, gid: null })).rejects.toThrow(
    'system',
  );
});
test('an empty lock, as a power cut leaves it, does not lock a path for ever', async () => {
  const path = join(await temporaryDirectory(), 'lock');
  await writeFile(path, '');
  await utimes(path, 1, 1);
  expect(await acquireLock(path)).not.toBeNull();
});
