import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { FailureCode } from '../../src/failure.ts';
import { type CliResult, printed } from '../helpers/cli.ts';
import { DockerConfig } from '../helpers/docker-config.ts';
import { containersOf, describeOn } from '../helpers/engines.ts';
import { type Listening, listenOn, toRealEngine } from '../helpers/listening.ts';
import { hasDockerCli } from '../helpers/programs.ts';
import {
  RecordingSsh,
  type SshServer,
  sshWithConfig,
  startSshServer,
  whyNoSshServer,
} from '../helpers/ssh.ts';
import { type TlsFolders, makeTlsFolders, readTlsFolder } from '../helpers/tls-files.ts';
import { Workspace } from '../helpers/workspace.ts';

const onDocker = ['--engine', 'docker', '--network', 'none'];
const ok = [...onDocker, '--', 'true'];
type Env = Readonly<Record<string, string>>;

/** Output, exit code and input of one run, and the deadline of another. */
async function expectWholeRuns(workspace: Workspace, env: Env, address: string): Promise<void> {
  const run = ['--id', 'task', ...onDocker];

  // More than any buffer on the way holds, and its end has to arrive.
  const input = 'some input\n'.repeat(100_000);
  const args = [...run, '-i', '-c', 'cat; echo err >&2; exit 3'];
  const ended = await workspace.run(args, { env, input });
  expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({
    exitCode: 3,
    stderr: 'err\n',
  });
  expect(ended.stdout === input).toBe(true);
  const receipt = await workspace.receipt();
  expect(receipt).toMatchObject({ status: 'failed', engine: { name: 'docker', address } });

  const line = 'echo begun; exec sleep 100';
  const late = await workspace.run([...run, '--timeout', '1s', '-c', line], { env });
  expect(late).toMatchObject({ exitCode: 124, stdout: 'begun\n' });
  const { status, evidence } = await workspace.receipt();
  expect({ status, removed: evidence.removed }).toEqual({ status: 'timed-out', removed: true });
}

/** There, but not to be had: 125, never a simulation. */
async function expectRefused(
  workspace: Workspace,
  { exitCode, stdout, stderr }: CliResult,
  { code, says }: { code: FailureCode; says: readonly string[] },
): Promise<void> {
  const { status, error, isolation } = await workspace.receipt();
  expect({ exitCode, stdout, status, code: error?.code, level: isolation.level }).toEqual({
    ...{ exitCode: 125, stdout: '', status: 'engine-failed', code, level: null },
  });
  for (const text of says) expect(stderr).toContain(text);
}

/** A directory for all tests of a suite. */
async function suiteDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

async function engineAtPort(): Promise<Listening> {
  const listening = await listenOn(createServer({ allowHalfOpen: true }, toRealEngine));
  onTestFinished(listening.close);
  return listening;
}

describeOn('docker', 'tcp', () => {
  test('an engine behind a port', async () => {
    const { port } = await engineAtPort();
    const address = `tcp://127.0.0.1:${port}`;
    await expectWholeRuns(await Workspace.create(), { DOCKER_HOST: address }, address);
  });

  test('an address without a scheme is one of tcp', async () => {
    const { port } = await engineAtPort();
    const workspace = await Workspace.create();
    const { exitCode } = await workspace.run(['--host', `127.0.0.1:${port}`, ...ok]);
    expect(exitCode).toBe(0);
    expect((await workspace.receipt()).engine?.address).toBe(`tcp://127.0.0.1:${port}`);
  });
});

/** As `dockerd --tlsverify`: in comes who shows a certificate of its authority; who speaks HTTP is told so. */
function tlsEngine(files: Awaited<ReturnType<typeof readTlsFolder>>): Server {
  const options = { ...files, requestCert: true, allowHalfOpen: true };
  const secure: Server = tls.createServer(options, toRealEngine);
  return createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.once('readable', () => {
      const first = client.read(1) as Buffer | null;
      if (first === null) return;
      const isHandshake = first[0] === 0x16;
      client.unshift(first);
      if (isHandshake) secure.emit('connection', client);
      else client.end(`HTTP/1.0 400 Bad Request\r\n\r\n${notSecure}`);
    });
  });
}

const notSecure = 'Client sent an HTTP request to an HTTPS server.\n';

describeOn('docker', 'tcp with TLS', () => {
  let own: TlsFolders;
  let other: TlsFolders;
  let address = '';
  let verified: Env = {};

  beforeAll(async () => {
    const directory = await suiteDirectory();
    own = await makeTlsFolders(join(directory.path, 'own'));
    other = await makeTlsFolders(join(directory.path, 'other'));
    const listening = await listenOn(tlsEngine(await readTlsFolder(own.server)));
    address = `tcp://127.0.0.1:${listening.port}`;
    verified = { DOCKER_HOST: address, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: own.client };
    return async () => {
      await listening.close();
      await directory.remove();
    };
  });

  test('DOCKER_TLS_VERIFY with DOCKER_CERT_PATH', async () => {
    await expectWholeRuns(await Workspace.create(), verified, address);
  });

  test('without DOCKER_CERT_PATH the files are those beside the Docker config', async () => {
    const workspace = await Workspace.create();
    const env = { DOCKER_HOST: address, DOCKER_TLS_VERIFY: '1', DOCKER_CONFIG: own.client };
    expect((await workspace.run(ok, { env })).exitCode).toBe(0);
  });

  test('DOCKER_TLS alone believes any server', async () => {
    const workspace = await Workspace.create();
    const mixed = await mixedFolder(workspace, { ca: other.client, rest: own.client });
    const env = { DOCKER_HOST: address, DOCKER_TLS: '1', DOCKER_CERT_PATH: mixed };
    expect((await workspace.run(ok, { env })).exitCode).toBe(0);
  });

  test('a context brings its own files', async () => {
    const workspace = await Workspace.create();
    const config = await DockerConfig.create(join(workspace.root, 'config'));
    await config.addContext('remote', { Host: address }, own.client);
    const env = { DOCKER_CONFIG: config.path, DOCKER_CERT_PATH: other.client };
    const args = ['--context', 'remote', ...ok];
    expect((await workspace.run(args, { env })).exitCode).toBe(0);
    expect((await workspace.receipt()).engine?.address).toBe(address);
  });

  test.skipIf(!hasDockerCli)(
    'a context that the Docker CLI made brings its own files',
    async () => {
      const workspace = await Workspace.create();
      const config = await DockerConfig.create(join(workspace.root, 'config'));
      const files = ['ca', 'cert', 'key'].map((name) => `${name}=${own.client}/${name}.pem`);
      const endpoint = [`host=${address}`, ...files].join(',');
      await config.docker(['context', 'create', 'remote', '--docker', endpoint]);
      const env = { DOCKER_CONFIG: config.path, DOCKER_CONTEXT: 'remote' };
      expect((await workspace.run(ok, { env })).exitCode).toBe(0);
    },
  );

  test('a context that skips the check believes any server, and is refused where it does not', async () => {
    const workspace = await Workspace.create();
    const mixed = await mixedFolder(workspace, { ca: other.client, rest: own.client });
    const config = await DockerConfig.create(join(workspace.root, 'config'));
    await config.addContext('skips', { Host: address, SkipTLSVerify: true }, mixed);
    await config.addContext('checks', { Host: address, SkipTLSVerify: false }, mixed);
    const env = { DOCKER_CONFIG: config.path };
    const args = ['--id', 'task', ...ok];
    expect((await workspace.run(['--context', 'skips', ...args], { env })).exitCode).toBe(0);
    const checked = await workspace.run(['--context', 'checks', ...args], { env });
    await expectRefused(workspace, checked, { code: 'engine-tls', says: [address] });
  });

  test.each([
    [
      'a server of another authority',
      () => ({ ca: other.client, rest: own.client }),
      'certificate',
    ],
    ['a client that shows nothing', () => ({ ca: own.client, rest: null }), 'certificate required'],
  ])('%s is refused', async (_, folders, reason) => {
    const workspace = await Workspace.create();
    const folder = await mixedFolder(workspace, folders());
    const env = { ...verified, DOCKER_CERT_PATH: folder };
    const says = [`no secure connection to the engine at ${address}`, reason, 'DOCKER_CERT_PATH'];
    await expectRefused(workspace, await workspace.run(ok, { env }), { code: 'engine-tls', says });
  });

  test('without TLS at a port that wants it, the remedy is DOCKER_TLS_VERIFY', async () => {
    const workspace = await Workspace.create();
    const result = await workspace.run(ok, { env: { DOCKER_HOST: address } });
    const says = ['no secure connection', notSecure.trim(), 'Set DOCKER_TLS_VERIFY=1'];
    await expectRefused(workspace, result, { code: 'engine-tls', says });
  });

  test('with TLS at a port that has none, the remedy is to unset it', async () => {
    const { port } = await engineAtPort();
    const workspace = await Workspace.create();
    const env = { ...verified, DOCKER_HOST: `tcp://127.0.0.1:${port}` };
    const says = ['no secure connection', 'unset DOCKER_TLS_VERIFY'];
    await expectRefused(workspace, await workspace.run(ok, { env }), { code: 'engine-tls', says });
  });

  test('a folder without certificates is not "no engine", nor one that is not there', async () => {
    const workspace = await Workspace.create();
    const empty = await mkdtemp(join(workspace.root, 'certificates-'));
    for (const folder of [empty, join(empty, 'missing')]) {
      const env = { ...verified, DOCKER_CERT_PATH: folder };
      const result = await workspace.run(['--id', 'task', '--', 'true'], { env });
      await expectRefused(workspace, result, { code: 'engine-tls', says: ['DOCKER_CERT_PATH'] });
    }
  });

  test('DOCKER_HOST and its certificates, whatever they are, are nothing to --host', async () => {
    const workspace = await Workspace.create();
    const env = { DOCKER_HOST: 'tcp://[', DOCKER_CERT_PATH: '/nonexistent' };
    const args = ['--host', 'unix:///var/run/docker.sock', ...ok];
    expect((await workspace.run(args, { env })).exitCode).toBe(0);
  });

  async function mixedFolder(
    { root }: Workspace,
    { ca, rest }: { ca: string; rest: string | null },
  ): Promise<string> {
    const folder = await mkdtemp(join(root, 'certificates-'));
    await symlink(join(ca, 'ca.pem'), join(folder, 'ca.pem'));
    for (const name of rest ? ['cert.pem', 'key.pem'] : []) {
      await symlink(join(rest ?? '', name), join(folder, name));
    }
    return folder;
  }
});

describeOn('docker', 'ssh', () => {
  async function expectNoneLeft(ssh: RecordingSsh): Promise<void> {
    await expect.poll(() => ssh.alive()).toEqual([]);
  }

  test('a whole run goes through `docker system dial-stdio`, and no ssh is left', async () => {
    const workspace = await Workspace.create();
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'));
    const address = 'ssh://some%20one@engine.example:2222';
    await expectWholeRuns(workspace, { ...ssh.env, DOCKER_HOST: address }, address);
    const calls = await ssh.calls();
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) {
      expect(call.join(' ')).toMatch(/^-T -o BatchMode=yes -o ConnectTimeout=\d -l /);
      expect(call.slice(call.indexOf('-l'))).toEqual([
        ...['-l', 'some one', '-p', '2222', '--', 'engine.example'],
        ...['docker', 'system', 'dial-stdio'],
      ]);
    }
    await expectNoneLeft(ssh);
  });

  test('when sandbox is killed, the next run ends the task, and no ssh is left', async () => {
    const workspace = await Workspace.create();
    const id = `ssh-killed-${process.pid}`;
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'));
    const args = ['--id', id, ...onDocker, '-c', 'echo ready; exec sleep 100'];
    const running = workspace.start(['--host', 'ssh://engine', ...args], { env: ssh.env });
    await printed(running.stdout, 'ready');
    running.kill('SIGKILL');
    await running;
    expect((await workspace.run(ok)).exitCode).toBe(0);
    await expect.poll(() => containersOf(id)).toEqual([]);
    await expectNoneLeft(ssh);
  });

  test.each([
    ['ssh://engine', ['--', 'engine', 'docker', 'system', 'dial-stdio']],
    ['ssh://[::1]:22', ['-p', '22', '--', '::1', 'docker', 'system', 'dial-stdio']],
    [
      'ssh://engine/var/run/docker.sock',
      ['--', 'engine', 'docker', '--host', 'unix:///var/run/docker.sock', 'system', 'dial-stdio'],
    ],
  ])('%s', async (address, expected) => {
    const workspace = await Workspace.create();
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'));
    const { exitCode } = await workspace.run(['--host', address, ...ok], { env: ssh.env });
    expect(exitCode).toBe(0);
    for (const call of await ssh.calls()) expect(call.slice(-expected.length)).toEqual(expected);
  });
});

describe('ssh that does not get there', () => {
  test.each([
    [
      'its own words',
      'echo "ssh: Could not resolve hostname engine" >&2; exit 255',
      'Could not resolve hostname engine',
    ],
    ['how it ended, where it says nothing', 'exit 255', 'exit code 255'],
    [
      'its words, also where it has begun to answer',
      'printf "HTTP/1.1 200 OK\\r\\n"; echo "broken pipe" >&2; exit 255',
      'broken pipe',
    ],
  ])('%s', async (_, script, reason) => {
    const workspace = await Workspace.create();
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'), script);
    const result = await workspace.run(['--host', 'ssh://engine', '--', 'true'], { env: ssh.env });
    const says = ['cannot reach the engine by ssh', reason, 'ssh HOST docker version'];
    await expectRefused(workspace, result, { code: 'engine-error', says });
  });

  test('no ssh program at all', async () => {
    const workspace = await Workspace.create();
    await symlink(process.execPath, join(workspace.root, 'node'));
    const env = { PATH: workspace.root };
    const result = await workspace.run(['--host', 'ssh://engine', '--', 'true'], { env });
    const says = ['cannot reach the engine by ssh: spawn ssh ENOENT'];
    await expectRefused(workspace, result, { code: 'engine-error', says });
  });

  test.each([
    ['ssh://-oProxyCommand=touch$IFS-pwned', '-oProxyCommand=touch$IFS-pwned'],
    ['ssh://$(touch$IFS-pwned)', '$(touch$IFS-pwned)'],
    ['ssh://`touch$IFS-pwned`;touch$IFS-pwned&', '`touch$IFS-pwned`;touch$IFS-pwned&'],
  ])('a host is never an option or a line for a shell: %s', async (address, host) => {
    const workspace = await Workspace.create();
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'), 'exit 255');
    const { exitCode } = await workspace.run(['--host', address, '--', 'true'], { env: ssh.env });
    expect(exitCode).toBe(125);
    for (const call of await ssh.calls()) {
      expect(call.slice(call.indexOf('--'))).toEqual([
        '--',
        host,
        'docker',
        'system',
        'dial-stdio',
      ]);
    }
    expect(await readdir(workspace.path)).toEqual([]);
  });

  test('a user is never an option', async () => {
    const workspace = await Workspace.create();
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'), 'exit 255');
    const args = ['--host', 'ssh://-oProxyCommand=x@engine', '--', 'true'];
    expect((await workspace.run(args, { env: ssh.env })).exitCode).toBe(125);
    const [call = []] = await ssh.calls();
    expect(call.slice(call.indexOf('-l'))).toEqual([
      ...['-l', '-oProxyCommand=x', '--', 'engine', 'docker', 'system', 'dial-stdio'],
    ]);
  });

  test('a path is none of the other side’s shell', async () => {
    const workspace = await Workspace.create();
    const ssh = await RecordingSsh.create(join(workspace.root, 'bin'));
    const args = ['--host', 'ssh://engine/x;touch$IFS-pwned', '--', 'true'];
    const result = await workspace.run(args, { env: ssh.env });
    const says = ['--host: expected an address such as'];
    await expectRefused(workspace, result, { code: 'engine-error', says });
    expect(await ssh.calls()).toEqual([]);
    expect(await readdir(workspace.path)).toEqual([]);
  });
});

const whyNoSsh = await whyNoSshServer();

describeOn('docker', `ssh to a real sshd${whyNoSsh ? ` (skipped: ${whyNoSsh})` : ''}`, () => {
  let server: SshServer;

  beforeAll(async () => {
    if (whyNoSsh) return;
    const directory = await suiteDirectory();
    server = await startSshServer(directory.path);
    return async () => {
      await server.close();
      await directory.remove();
    };
  });

  test.skipIf(whyNoSsh)(
    'whole runs, by a name and a key of the user’s own ssh config',
    async () => {
      const workspace = await Workspace.create();
      const ssh = await sshWithConfig(join(workspace.root, 'bin'), server.clientConfig);
      const address = 'ssh://engine-box';
      await expectWholeRuns(workspace, { ...ssh.env, DOCKER_HOST: address }, address);
    },
  );

  test.skipIf(whyNoSsh)('a host key that is not known is refused in ssh’s own words', async () => {
    const workspace = await Workspace.create();
    const config = server.clientConfig.replace(/UserKnownHostsFile .*/, 'UserKnownHostsFile none');
    const ssh = await sshWithConfig(join(workspace.root, 'bin'), config);
    const env = { ...ssh.env, DOCKER_HOST: 'ssh://engine-box' };
    const result = await workspace.run(['--', 'true'], { env });
    const says = ['cannot reach the engine by ssh', 'Host key verification failed.'];
    await expectRefused(workspace, result, { code: 'engine-error', says });
  });

  test.skipIf(whyNoSsh)('a host that looks like an option is a bad name to ssh', async () => {
    const workspace = await Workspace.create();
    const ssh = await sshWithConfig(join(workspace.root, 'bin'), server.clientConfig);
    const args = ['--host', 'ssh://-oProxyCommand=touch$IFS-pwned', '--', 'true'];
    const result = await workspace.run(args, { env: ssh.env });
    const says = ['hostname contains invalid characters'];
    await expectRefused(workspace, result, { code: 'engine-error', says });
    expect(await readdir(workspace.path)).toEqual([]);
  });
});
