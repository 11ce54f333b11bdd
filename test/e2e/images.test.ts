import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { describeOn } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOn('docker', 'images', () => {
  const image = 'sandbox-test-entrypoint';

  beforeAll(async () => {
    const dockerfile = [
      'FROM debian:bookworm-slim',
      'ENV FROM_IMAGE=yes',
      'WORKDIR /elsewhere',
      'USER nobody',
      'ENTRYPOINT ["echo", "entrypoint"]',
      'CMD ["default"]',
      'HEALTHCHECK CMD false',
    ].join('\n');
    await execa('docker', ['build', '-q', '-t', image, '-'], { input: dockerfile });
    return async () => {
      await execa('docker', ['rmi', image]);
    };
  });

  test('the command replaces the ENTRYPOINT, and workspace and user are ours', async () => {
    const workspace = await Workspace.create();
    const args = ['--image', image, '-c', 'pwd; echo $FROM_IMAGE; id -u'];
    const { stdout } = await workspace.run(args);
    const receipt = await workspace.receipt();
    expect(stdout).toBe(`/workspace\nyes\n${process.getuid?.() ?? ''}\n`);
    expect(receipt.image?.reference).toBe(image);
    expect(receipt.image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('--keep-entrypoint passes the command to it', async () => {
    const workspace = await Workspace.create();
    const { stdout } = await workspace.run(['--image', image, '--keep-entrypoint', '--', 'mine']);
    expect(stdout).toBe('entrypoint mine\n');
  });

  test('an image that cannot be had is 125 with a receipt', async () => {
    const workspace = await Workspace.create();
    const never = await workspace.run([
      '--image',
      'no-such-image',
      '--pull',
      'never',
      '--',
      'true',
    ]);
    const receipt = await workspace.receipt();
    expect(never.exitCode).toBe(125);
    expect(never.stderr).toContain('the engine has no image "no-such-image"');
    expect(receipt.status).toBe('not-started');
    expect(receipt.error?.code).toBe('image-not-found');
    expect(receipt.image).toMatchObject({ reference: 'no-such-image', id: null, digest: null });
    expect(receipt.task).toBeNull();
  });

  test('a pull that fails says why', async () => {
    const workspace = await Workspace.create();
    // Reserved for documentation (RFC 2606): never resolves.
    const args = ['--image', 'registry.invalid/x:1', '--pull-timeout', '20s', '--', 'true'];
    const { exitCode, stderr } = await workspace.run(args);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('could not be pulled');
    expect((await workspace.receipt()).error?.code).toBe('image-pull-failed');
  });

  test('an image of our own that is not built is never pulled by its name', async () => {
    const workspace = await Workspace.create();
    const { stderr, exitCode } = await workspace.run([
      '--image',
      'sandbox-builder:absent',
      '--pull',
      'never',
      'true',
    ]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('the engine has no image');
  });
});
