import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOnAll("a HOME that a project's own settings name", (engine) => {
  const on = [...chosen(engine), '-c'];

  test('hides nothing of the system', async () => {
    const list = 'ls -d /etc/* /sys/* /usr/* /bin/* /proc/self /dev/null';
    const expected = (await (await Workspace.create()).run([...on, list])).stdout;
    expect(expected).toContain('/proc/self');
    const homes = ['/etc', '/sys', '/usr', '/proc', '/dev', '/bin'];
    const found = homes.map(async (HOME) => (await projectWithHome(HOME)).run([...on, list]));
    for (const { stdout, stderr } of await Promise.all(found)) {
      expect(stdout, stderr).toBe(expected);
    }
  });

  test('is memory that can be written to anywhere else', async () => {
    const workspace = await projectWithHome('/var/home');
    const { stdout } = await workspace.run([...on, 'echo kept > ~/file && cat /var/home/file']);
    expect(stdout).toBe('kept\n');
  });
});

async function projectWithHome(HOME: string): Promise<Workspace> {
  const workspace = await Workspace.create();
  await writeFile(join(workspace.path, 'sandbox.config.json'), JSON.stringify({ env: { HOME } }));
  return workspace;
}
