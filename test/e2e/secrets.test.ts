import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { currentOwner } from '../../src/engine/owner.ts';
import { finished, printed } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

const value = 'correct-horse-battery';
const env = { TOKEN: value };
const secret = ['--secret', 'TOKEN'];

/** Where this host keeps secrets between writing and starting. */
async function secretsFolder(): Promise<string> {
  const memory = await stat('/dev/shm').catch(() => null);
  const parent = memory?.isDirectory() === true ? '/dev/shm' : tmpdir();
  return join(parent, `sandbox-${process.getuid?.() ?? 0}`, 'secrets');
}

/** What is there of a task, or of everybody. */
async function leftOf(id: string): Promise<string[]> {
  const names = await readdir(await secretsFolder()).catch(() => []);
  return names.filter((name) => name.startsWith(`${id}.`));
}

describeOn('docker', 'secrets', () => {
  test.each(['0:0', '4321:4321', 'nobody'])(
    'the user %s can read them, and nothing more',
    async (user) => {
      const workspace = await Workspace.create();
      await writeFile(join(workspace.root, 'key'), 'from a file\n');
      const line = [
        'ls -A /run/secrets',
        'cat /run/secrets/TOKEN /run/secrets/.owner',
        'stat -c %a /run/secrets/TOKEN',
        'for f in TOKEN .owner; do echo x > /run/secrets/$f; rm -f /run/secrets/$f; done',
        'touch /run/secrets/other',
      ].join('; ');
      const secrets = [...secret, '--secret', '.owner=@../key', '--secret', 'B=@../key'];
      const args = ['-u', user, '--workspace-mode', 'ro', '-c', line];
      const bad = await workspace.run([...secrets, ...args], { env });
      // A name with a dot in front is refused before anything starts.
      expect(bad.exitCode).toBe(125);
      const good = ['--secret', '_owner=@../key', ...secret];
      const { stdout, stderr } = await workspace.run(
        [...good, ...args.slice(0, -1), line.replaceAll('.owner', '_owner')],
        { env },
      );
      expect(stdout).toBe(`TOKEN\n_owner\n${value}from a file\n444\n`);
      expect(stderr.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(4);
    },
  );

  test('a value is in no argument, variable, label, configuration or receipt, nor on the host once it runs', async () => {
    const workspace = await Workspace.create();
    const id = `secret-${process.pid}`;
    // What it waits for must not stand in the command line that it prints.
    const line =
      'env; tr "\\0" " " < /proc/1/cmdline; read x; echo rea""dy; read x; cat /run/secrets/TOKEN';
    const running = workspace.start(['-i', '--id', id, ...secret, '-c', line], { env });
    let early = '';
    running.stdout.on('data', (chunk: Buffer) => (early += chunk.toString()));
    // Input is forwarded once the engine has said that the task runs, and what the host held is gone.
    running.stdin.write('go\n');
    await printed(running.stdout, 'ready');
    const container = docker.getContainer(`sandbox-${id}`);
    expect(JSON.stringify(await container.inspect())).not.toContain(value);
    expect(early).not.toContain(value);
    expect(await leftOf(id)).toEqual([]);
    const processes = await execa('ps', ['axww', '-o', 'args'], { reject: false });
    expect(processes.stdout).not.toContain(value);
    running.stdin.end('go\n');
    // The mount keeps what the host has no more.
    const { stdout } = await finished(running);
    expect(stdout.endsWith(value)).toBe(true);
    const receipt = await workspace.receipt();
    expect(JSON.stringify(receipt)).not.toContain(value);
    expect(receipt.secrets).toEqual(['TOKEN']);
  });

  test('nothing is left of a run that was killed', async () => {
    const workspace = await Workspace.create();
    const id = `secret-killed-${process.pid}`;
    const line = 'read x; echo ready; exec sleep 100';
    const running = workspace.start(['-i', '--id', id, ...secret, '-c', line], { env });
    running.stdin.write('go\n');
    await printed(running.stdout, 'ready');
    running.kill('SIGKILL');
    await running;
    expect(await leftOf(id)).toEqual([]);
    await workspace.run(['--id', id, 'true']);
  });

  test('nothing is left of a task that could not start', async () => {
    const workspace = await Workspace.create();
    const id = `secret-failed-${process.pid}`;
    const args = ['--id', id, ...secret, '-u', 'no-such-user', 'true'];
    expect((await workspace.run(args, { env })).exitCode).toBe(125);
    expect(await leftOf(id)).toEqual([]);
  });

  test("what a run left that was killed before its start is removed by the next one, and a living one's is not", async () => {
    const workspace = await Workspace.create();
    const folder = await secretsFolder();
    const plant = async (name: string, owner: object) => {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
      onTestFinished(() => execa('rm', ['-rf', join(folder, name)]).then(() => undefined));
      await writeFile(join(folder, name, 'TOKEN.secret'), value);
      // Last: from here on any run on this host may be the next one.
      await writeFile(join(folder, name, '.owner'), JSON.stringify(owner));
    };
    // The first run makes the folder, as it should be.
    await workspace.run([...secret, 'true'], { env });
    await plant(`dead-${process.pid}.0`, { ...currentOwner(), pidStart: '1' });
    await plant(`living-${process.pid}.0`, currentOwner());
    await workspace.run(['true']);
    expect(await leftOf(`dead-${process.pid}`)).toEqual([]);
    expect(await leftOf(`living-${process.pid}`)).toHaveLength(1);
  });

  test('an image without /run gets them, too', async () => {
    const image = `sandbox-test-no-run-${process.pid}`;
    const dockerfile = 'FROM debian:bookworm-slim\nRUN rm -rf /run /var/run\n';
    await execa('docker', ['build', '-q', '-t', image, '-'], { input: dockerfile });
    onTestFinished(() => execa('docker', ['rmi', image]).then(() => undefined));
    const workspace = await Workspace.create();
    const line = 'ls -A /run; ls -A /run/secrets; cat /run/secrets/TOKEN; touch /etc/x';
    const { stdout, stderr } = await workspace.run(['--image', image, ...secret, '-c', line], {
      env,
    });
    expect(stdout).toBe(`secrets\nTOKEN\n${value}`);
    expect(stderr).toContain('Read-only file system');
  });

  test.each([
    ['-v', '../data:/run/secrets'],
    ['-v', '../data:/run'],
    ['-v', '../data:/run/secrets/TOKEN'],
    ['--tmpfs', '/run/secrets'],
  ])('%s %s has no room beside a secret', async (flag, text) => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.root, 'data'));
    const { exitCode, stderr } = await workspace.run([flag, text, ...secret, 'true'], { env });
    expect(exitCode).toBe(125);
    expect(stderr).toContain('/run/secrets is for secrets');
    expect(await readdir(join(workspace.root, 'data'))).toEqual([]);
    // Without a secret the place is free.
    expect((await workspace.run([flag, text, 'true'])).exitCode).toBe(0);
  });

  test('the printed docker run line shows the task the same files', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'key'), 'from a file\n');
    const id = `secret-line-${process.pid}`;
    const line = 'ls -A /run/secrets; cat /run/secrets/TOKEN /run/secrets/KEY';
    const image = ['--image', 'debian:bookworm-slim'];
    const printed = ['--id', id, '--json', '--dry-run'];
    const args = [...image, ...secret, '--secret', 'KEY=@../key', ...printed];
    const { stdout } = await workspace.run([...args, '-c', line], { env });
    onTestFinished(() =>
      execa('rm', ['-rf', `/dev/shm/sandbox-${id}.secrets`]).then(() => undefined),
    );
    const { shell } = JSON.parse(stdout) as { shell: string[] };
    expect(stdout).not.toContain(value);
    const ran = await execa('sh', ['-e', '-c', shell.join('\n')], { env });
    expect(ran.stdout).toBe(`KEY\nTOKEN\n${value}from a file`);
  });
});
