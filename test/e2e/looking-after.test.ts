import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { finished, printed, runCli } from '../helpers/cli.ts';
import { describeOn, describeOnEach } from '../helpers/engines.ts';
import { canBeMade } from '../helpers/simulation.ts';
import { marked } from '../helpers/marked.ts';
import { Workspace } from '../helpers/workspace.ts';

const readOnly = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mkdir -p "$0" && mount -t tmpfs -o ro,mode=700 none "$0" && exec "$@"',
  `/tmp/sandbox-${process.getuid?.() ?? 0}`,
];

const canBeReadOnly = await canBeMade(readOnly);

describeOn('simulation', 'a temporary directory that cannot be written', () => {
  test.skipIf(!canBeReadOnly).each([['ps'], ['gc', '--dry-run'], ['logs', 'x'], ['stop', 'x']])(
    'is told by %s',
    async (...words) => {
      const { path } = await Workspace.create();
      const args = words[0] === 'logs' ? words : [...words, '--engine', 'simulation'];
      const { exitCode, stderr } = await runCli(args, { cwd: path, prefix: readOnly });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^sandbox: cannot .* the file system is read-only\n.*TMPDIR/);
    },
  );
});

describeOnEach('a variable that is for tasks only', (engine) => {
  test.each([
    ['ps', '--engine', engine],
    ['gc', '--dry-run', '--engine', engine],
    ['receipt', 'ls'],
  ])('keeps nobody from looking after them: %s %s', async (...words) => {
    const { path } = await Workspace.create();
    const env = { SANDBOX_TIMEOUT: 'soon', SANDBOX_MEMORY: 'much' };
    expect(await runCli(words, { cwd: path, env })).toMatchObject({ exitCode: 0 });
  });
});

describeOnEach('a config file that a task wrote into its workspace', (engine) => {
  test.each([
    ['that is no JSON', '{ "memory": '],
    ['with an unknown key', '{ "no-such-key": true }'],
    ['that names no profile', '{ "profile": "no-such-profile" }'],
    ['that says what it may not', '{ "engine": "docker", "receiptDir": "/nonexistent" }'],
  ])('%s keeps nobody from looking after the task', async (_, text) => {
    const workspace = await Workspace.create();
    const id = `${randomBytes(5).toString('hex')}-config`;
    const args = ['--engine', engine, '--network', 'none', '--id', id, '-e', `TEXT=${text}`];
    const line = 'printf %s "$TEXT" > sandbox.config.json; echo ready; exec sleep 100';
    const client = workspace.start([...args, '-c', line]);
    onTestFinished(() => void client.kill('SIGKILL'));
    await printed(client.stdout, 'ready');
    await marked(id);
    const ask = (...words: string[]) => runCli(words, { cwd: workspace.path });
    expect((await ask('ps', '-q', '--engine', engine)).stdout.split('\n')).toContain(id);
    expect(await ask('logs', id)).toMatchObject({ exitCode: 0, stdout: 'ready\n', stderr: '' });
    const gc = await ask('gc', '--dry-run', '--engine', engine);
    expect(gc).toMatchObject({ exitCode: 0 });
    const stopped = await ask('stop', id, '--engine', engine);
    expect(stopped).toMatchObject({ exitCode: 0, stdout: `${id}\n`, stderr: '' });
    expect((await finished(client)).exitCode).toBe(143);
    expect((await ask('receipt', 'ls', '-q')).stdout).toBe(`${id}\n`);
    expect(await ask('receipt', 'show', id)).toMatchObject({ exitCode: 0, stderr: '' });
    // What is to run is another matter.
    const next = await workspace.run(['--engine', engine, '--', 'true']);
    expect(next).toMatchObject({ exitCode: 125 });
    expect(next.stderr).toMatch(/sandbox\.config\.json|no-such-profile/);
  });
});
