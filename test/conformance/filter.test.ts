import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { chosen, describeOn, describeOnAll, podmanSocket } from '../helpers/engines.ts';
import { type FaultOf, faultyEngine, respond } from '../helpers/faulty-engine.ts';
import { type Listening, listenOn, toRealEngine } from '../helpers/listening.ts';
import { Workspace } from '../helpers/workspace.ts';

const quiet = ['-q', '--image', 'debian:bookworm-slim'];
const tryNamespace = ['--', 'sh', '-c', 'unshare --user true && echo made'];

async function isolationOf(args: readonly string[]) {
  const workspace = await Workspace.create();
  const { stdout, stderr } = await workspace.run([...quiet, ...args]);
  return { stdout, stderr, ...(await workspace.receipt()).isolation };
}

describeOnAll('the filter of system calls', (engine) => {
  test('a task cannot make namespaces, and the receipt does not say otherwise', async () => {
    const seen = await isolationOf([...chosen(engine), ...tryNamespace]);
    expect(seen.stdout).toBe('');
    expect(seen.stderr).toContain('unshare');
    expect(seen.notEnforced).not.toContain('seccomp');
    expect(seen.loosened).toEqual([]);
  });

  test('--security-opt seccomp=FILE is in force', async () => {
    const workspace = await Workspace.create();
    const file = await refusingMkdir(workspace.root);
    const args = [...quiet, ...chosen(engine), '--security-opt', `seccomp=${file}`];
    const { stderr } = await workspace.run([...args, '--', 'mkdir', '/tmp/x']);
    expect(stderr).toContain('Operation not supported');
    const { loosened, notEnforced } = (await workspace.receipt()).isolation;
    expect(loosened).toEqual([`security-opt seccomp=${file}`]);
    expect(notEnforced).not.toContain('seccomp');
  });
});

async function refusingMkdir(directory: string): Promise<string> {
  const path = join(directory, 'profile.json');
  const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }];
  await writeFile(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, null, 2));
  return path;
}

describeOn('podman', 'a filter that cannot be given to it', () => {
  test('where it does not say which is its own, the receipt says that ours is missing', async () => {
    const fault: FaultOf = (call) => (call.includes('/libpod/info') ? respond(404, '{}') : null);
    const seen = await isolationOf([...(await behind(fault)), ...tryNamespace]);
    expect(seen).toMatchObject({ stdout: 'made\n', loosened: [] });
    expect(seen.notEnforced).toContain('seccomp');
  });

  test('where it cannot read ours, the task runs without, and the receipt says so', async () => {
    const message = 'container create: opening seccomp profile failed: open /x: no such file';
    let refusals = 0;
    const fault: FaultOf = (call) => {
      if (!call.includes('/containers/create') || refusals > 0) return null;
      refusals += 1;
      return respond(500, JSON.stringify({ message }));
    };
    const seen = await isolationOf([...(await behind(fault)), ...tryNamespace]);
    expect(seen).toMatchObject({ stdout: 'made\n', loosened: [] });
    expect(seen.notEnforced).toContain('seccomp');
    expect(refusals).toBe(1);
  });

  test('on another machine none is given, and one that is asked for is refused', async () => {
    const relay = createServer({ allowHalfOpen: true }, (client) => {
      toRealEngine(client, podmanSocket);
    });
    const { port } = await opened(listenOn(relay));
    const there = ['--engine', 'docker', '--host', `tcp://127.0.0.1:${port}`];
    const { stdout, notEnforced } = await isolationOf([...there, ...tryNamespace]);
    expect(stdout).toBe('made\n');
    expect(notEnforced).toContain('seccomp');

    const workspace = await Workspace.create();
    const file = await refusingMkdir(workspace.root);
    const args = [...quiet, ...there, '--security-opt', `seccomp=${file}`, '--', 'true'];
    const { exitCode, stderr } = await workspace.run(args);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 125 });
    expect(stderr).toContain('Podman reads the file of --security-opt seccomp=FILE itself');
    const { status, error } = await workspace.receipt();
    expect({ status, code: error?.code }).toEqual({
      status: 'not-started',
      code: 'not-enforceable',
    });
  });
});

/** Podman behind a socket of our own that answers some calls itself. */
async function behind(fault: FaultOf): Promise<string[]> {
  const { root } = await Workspace.create();
  const path = join(root, 'podman.sock');
  await opened(faultyEngine(path, fault, podmanSocket));
  return ['--engine', 'docker', '--host', `unix://${path}`];
}

async function opened(listening: Promise<Listening>): Promise<Listening> {
  const server = await listening;
  onTestFinished(() => server.close());
  return server;
}
