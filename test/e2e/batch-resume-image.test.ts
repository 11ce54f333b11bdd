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
});
