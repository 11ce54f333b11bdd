import { chown, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { readReceipt, runCli } from '../helpers/cli.ts';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOnAll('the workspace', (engine) => {
  const on = [...chosen(engine), '-q'];

  test.each(['two words', 'co:lon', 'com,ma', 'ünï✓', '"quoted"', '-dash', 'source=x,readonly'])(
    'a directory named %j works, by its absolute and its relative path',
    async (name) => {
      const workspace = await Workspace.create(name);
      const { exitCode } = await workspace.run([...on, '-c', 'echo 1 > absolute']);
      expect(exitCode).toBe(0);
      const args = ['run', ...on, `--workspace=./${name}`, '-c', 'echo 2 > relative'];
      expect((await runCli(args, { cwd: workspace.root, input: '' })).exitCode).toBe(0);
      expect(await readFile(join(workspace.path, 'absolute'), 'utf8')).toBe('1\n');
      expect(await readFile(join(workspace.path, 'relative'), 'utf8')).toBe('2\n');
      expect(await workspace.receiptNames()).toHaveLength(2);
    },
  );

  test('files that the task writes belong to the caller', async () => {
    const workspace = await Workspace.create();
    await workspace.run([...on, '-c', 'mkdir d && touch d/f && ln -s f d/link']);
    const found = await stat(join(workspace.path, 'd/f'));
    expect([found.uid, found.gid]).toEqual([process.getuid?.(), process.getgid?.()]);
  });

  test('the receipt is beside the workspace, readable by its owner only, with nothing else there', async () => {
    const workspace = await Workspace.create();
    await workspace.run([...on, '--id', 'my-task', '--', 'true']);
    expect(await workspace.receiptNames()).toEqual(['my-task.json']);
    const path = join(workspace.receiptsDir, 'my-task.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const receipt = await readReceipt(path);
    expect(receipt.workspace).toMatchObject({ path: workspace.path, mode: 'rw' });
    expect(basename(receipt.id)).toBe('my-task');
  });

  test('--receipt and SANDBOX_RECEIPT_DIR say where the receipt goes', async () => {
    const workspace = await Workspace.create();
    await workspace.run([...on, '--receipt', '../here/r.json', '--', 'true']);
    expect((await readReceipt(join(workspace.root, 'here/r.json'))).status).toBe('passed');
    const env = { SANDBOX_RECEIPT_DIR: join(workspace.root, 'dir') };
    const id = `moved-${process.pid}`;
    await workspace.run([...on, '--id', id, '--', 'true'], { env });
    expect((await readReceipt(join(workspace.root, `dir/${id}.json`))).status).toBe('passed');
  });

  test.runIf(process.getuid?.() === 0)(
    'a root caller can hand a workspace of someone else to its owner',
    async () => {
      const workspace = await Workspace.create();
      await chown(workspace.path, 1234, 1234);
      const refused = await workspace.run([...on, '--', 'true']);
      expect(refused.exitCode).toBe(125);
      expect(refused.stderr).toContain('belongs to 1234:1234, see --user');
      const { exitCode } = await workspace.run([...on, '--user', '1234:1234', '--', 'touch', 'f']);
      expect(exitCode).toBe(0);
      expect((await stat(join(workspace.path, 'f'))).uid).toBe(1234);
    },
  );
});
