import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Batch } from '../helpers/batch.ts';
import { describeOn, docker } from '../helpers/engines.ts';

describeOn('docker', '--resume', () => {
  test('runs a task again whose image has another content by now', async () => {
    const image = `sandbox-test-moved-${process.pid}:1`;
    const [repo = '', tag = ''] = image.split(':');
    onTestFinished(() => docker.getImage(image).remove({ force: true }));
    await docker.getImage('debian:bookworm-slim').tag({ repo, tag });
    const batch = await Batch.create([{ id: 'of-image', command: ['true'], image }]);
    const args = ['--engine', 'docker', '-q', '--resume'];
    await batch.run(args);
    const same = await batch.run(args);
    expect(same.summary?.counts.reused).toBe(1);
    const made = await docker.createContainer({ Image: image, Cmd: ['true'] });
    await made.commit({ repo, tag });
    await made.remove({ force: true });
    const moved = await batch.run(args);
    expect([moved.exitCode, moved.summary?.counts.reused]).toEqual([0, 0]);
  });

  test('runs a task again that passed without an engine', async () => {
    const batch = await Batch.create([{ id: `simulated-${process.pid}`, command: ['true'] }]);
    const nowhere = { DOCKER_HOST: `unix://${batch.workspace.root}/none.sock` };
    await batch.run(['-q', '--resume'], { env: nowhere });
    const again = await batch.run(['-q', '--resume'], { env: nowhere });
    expect(again.summary?.counts.reused).toBe(1);
    const onEngine = await batch.run(['-q', '--resume']);
    expect([onEngine.exitCode, onEngine.summary?.counts.reused]).toEqual([0, 0]);
    expect((await batch.run(['-q', '--resume'])).summary?.counts.reused).toBe(1);
  });

  test('runs a task again whose profile has another base by now', async () => {
    const base = `sandbox-test-base-${process.pid}:1`;
    const [repo = '', tag = ''] = base.split(':');
    onTestFinished(() => docker.getImage(base).remove({ force: true }));
    await docker.getImage('debian:bookworm-slim').tag({ repo, tag });
    const batch = await Batch.create([{ id: `on-base-${process.pid}`, command: ['true'] }]);
    const config = { XDG_CONFIG_HOME: batch.workspace.root };
    const profiles = join(batch.workspace.root, 'sandbox/profiles');
    await mkdir(profiles, { recursive: true });
    const name = `based-${process.pid}`;
    const profile = { name, description: 'x', base, packages: [] };
    await writeFile(join(profiles, `${name}.json`), JSON.stringify(profile));
    const run = () => batch.run(['-q', '--profile', name, '--resume'], { env: config });
    const first = await run();
    expect([first.exitCode, first.summary?.counts.reused]).toEqual([0, 0]);
    expect((await run()).summary?.counts.reused).toBe(1);
    const made = await docker.createContainer({ Image: base, Cmd: ['true'] });
    await made.commit({ repo, tag });
    await made.remove({ force: true });
    expect((await run()).summary?.counts.reused).toBe(0);
    expect((await run()).summary?.counts.reused).toBe(1);
    const built = await docker.listImages({ filters: { reference: [`sandbox-${name}`] } });
    for (const { Id } of built) await docker.getImage(Id).remove({ force: true });
  });
});
