import { randomUUID } from 'node:crypto';
import {
  chmod,
  chown,
  link,
  lutimes,
  mkdir,
  open,
  readFile,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { directoryArchive } from '../../src/engine/docker/images/offline/import-archive.ts';
import { importArchive, importDirectory } from '../../src/engine/docker/images/offline/import.ts';
import { loadImages } from '../../src/engine/docker/images/offline/load.ts';
import { buildMinimal } from '../../src/engine/docker/images/offline/minimal.ts';
import { lostStandIns } from '../../src/engine/docker/images/store/leftovers.ts';
import { labelledImages } from '../../src/engine/docker/images/store/own-images.ts';
import { SandboxFailure } from '../../src/failure.ts';
import { readReceipt, runCli } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { engineUnderAnotherName, removeImagesWith, writeProfile } from '../helpers/built-images.ts';
import { imageSurroundings, realApi, removedAfterwards } from '../helpers/image-surroundings.ts';
import { Workspace } from '../helpers/workspace.ts';
import { taskSpec } from '../unit/support/task-spec.ts';

const api = realApi();

async function failureOf(work: Promise<unknown>): Promise<SandboxFailure> {
  const failure = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (failure instanceof SandboxFailure) return failure;
  throw new Error('expected a failure', { cause: failure });
}

/** What is in an image, as `tar -tv` lists it, by its path. */
async function contentOf(reference: string): Promise<Map<string, string>> {
  const { stdout: id } = await execa('docker', ['create', reference, 'none']);
  onTestFinished(async () => {
    await execa('docker', ['rm', id]);
  });
  const { stdout } = await execa(
    'sh',
    ['-c', 'docker export "$1" | tar --numeric-owner -tv', 'sh', id],
    { env: { TZ: 'UTC' } },
  );
  const lines = stdout.split('\n').map((line) => {
    const [mode = '', owner = '', size = '', , , ...name] = line.split(/ +/);
    const [path = '', target = ''] = name.join(' ').split(/(?: ->| link to) /);
    return [path, [mode, owner, size, target].join(' ').trim()] as const;
  });
  return new Map(lines);
}

describeOn('docker', 'loading', () => {
  const image = 'sandbox-test-load:1';

  async function savedImage(): Promise<{ path: string; root: string }> {
    const { root } = await Workspace.create();
    const path = join(root, 'saved.tar');
    await mkdir(join(root, 'rootfs'));
    await writeFile(join(root, 'rootfs', 'file'), crypto.randomUUID());
    const { context } = imageSurroundings();
    await importDirectory(api, { path: join(root, 'rootfs'), reference: image }, context);
    await execa('docker', ['save', '-o', path, removedAfterwards(image)]);
    await execa('docker', ['rmi', image]);
    return { path, root };
  }

  test('an archive of docker save gives back its image', async () => {
    const { path } = await savedImage();
    expect(await loadImages(api, path, imageSurroundings().context)).toEqual([image]);
    expect((await docker.getImage(image).inspect()).RepoTags).toEqual([image]);
  });

  test('so does a compressed one', async () => {
    const { path, root } = await savedImage();
    const compressed = join(root, 'saved.tar.gz');
    await pipeline(createReadStream(path), createGzip(), createWriteStream(compressed));
    expect(await loadImages(api, compressed, imageSurroundings().context)).toEqual([image]);
  });

  test('what is no such archive is refused with the reason', async () => {
    const { root } = await Workspace.create();
    const { context } = imageSurroundings();
    const [text, directory, rootfs] = ['text', 'directory', 'rootfs.tar'].map((n) => join(root, n));
    if (!text || !directory || !rootfs) throw new Error('no paths');
    await writeFile(text, 'hello\n'.repeat(1_000));
    await mkdir(directory);
    await execa('tar', ['-cf', rootfs, '-C', root, 'text']);
    const failures = await Promise.all(
      [text, directory, rootfs, join(root, 'absent')].map((path) =>
        failureOf(loadImages(api, path, context)),
      ),
    );
    expect(failures.map(({ code }) => code)).toEqual(Array(4).fill('image-not-loaded'));
    expect(failures[0]?.message).toContain('neither a tar archive nor a compressed one');
    expect(failures[1]?.message).toContain('it is not a regular file');
    expect(failures[2]?.message).toContain('is no archive of images');
    expect(failures[2]?.hint).toContain('sandbox image import');
    expect(failures[3]?.message).toContain('no such file');
  });

  test('a pipe that nobody writes to is refused, not waited for', async () => {
    const { root } = await Workspace.create();
    await execa('mkfifo', [join(root, 'pipe')]);
    const failure = await failureOf(
      loadImages(api, join(root, 'pipe'), imageSurroundings().context),
    );
    expect(failure.message).toContain('it is not a regular file');
  });

  test('a broken archive is refused', async () => {
    const { path } = await savedImage();
    const file = await open(path, 'r+');
    await file.truncate(5_000);
    await file.close();
    const failure = await failureOf(loadImages(api, path, imageSurroundings().context));
    expect(failure.code).toBe('image-not-loaded');
  });
});

describeOn('docker', 'importing a directory', () => {
  async function rootfs(): Promise<{ root: string; path: string; reference: string }> {
    const { root, path } = await Workspace.create('rootfs');
    return { root, path, reference: removedAfterwards('sandbox-test-import:1') };
  }

  test.runIf(process.getuid?.() === 0)(
    'owners, permissions, links and long names come as they are',
    async () => {
      const { path, reference } = await rootfs();
      const longName = `${'long-'.repeat(30)}name`;
      await writeFile(join(path, 'program'), 'x');
      await chown(join(path, 'program'), 12, 3_000_000);
      await chmod(join(path, 'program'), 0o4751);
      await link(join(path, 'program'), join(path, 'same'));
      await mkdir(join(path, longName));
      await writeFile(join(path, longName, 'ünïcode'), 'content');
      await symlink('/etc/../nowhere', join(path, 'absolute'));
      await symlink('../../outside', join(path, 'relative'));
      await lutimes(join(path, 'absolute'), 1, 1);
      await writeFile(join(path, 'empty'), '');
      await utimes(join(path, 'empty'), new Date(-1e9), new Date(-1e9));
      const { context, warnings } = imageSurroundings();
      const { id } = await importDirectory(api, { path, reference }, context);
      const content = await contentOf(reference);
      expect((await docker.getImage(reference).inspect()).Id).toBe(id);
      expect(warnings).toEqual([]);
      expect(content.get('program')).toBe('-rwsr-x--x 12/3000000 1');
      expect(content.get('empty')).toBe('-rw-r--r-- 0/0 0');
      expect(content.get('same')).toBe('hrwsr-x--x 12/3000000 0 program');
      expect(content.get('absolute')).toContain('/etc/../nowhere');
      expect(content.get('relative')).toContain('../../outside');
      expect([...content.keys()]).toContain(`${longName}/`);
    },
  );

  test('a link is never followed, and sockets and pipes are left out with a word', async () => {
    const { root, path, reference } = await rootfs();
    const secret = crypto.randomUUID();
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside', 'secret'), secret);
    await symlink(join(root, 'outside'), join(path, 'folder'));
    await symlink(join(root, 'outside', 'secret'), join(path, 'file'));
    await execa('mkfifo', [join(path, 'pipe')]);
    const server = createServer().listen(join(path, 'socket'));
    onTestFinished(() => void server.close());
    const { context, warnings } = imageSurroundings();
    await importDirectory(api, { path, reference }, context);
    const saved = join(root, 'saved.tar');
    await execa('docker', ['save', '-o', saved, reference]);
    const content = await contentOf(reference);
    expect((await readFile(saved)).includes(secret)).toBe(false);
    expect([...content.keys()]).toEqual(expect.arrayContaining(['file', 'folder']));
    expect([...content.keys()]).not.toEqual(expect.arrayContaining(['pipe']));
    expect(warnings.at(-1)).toBe('left out 2 devices, pipes and sockets: pipe, socket');
  });

  test('what is no directory, and the root of this machine, are refused', async () => {
    const { path, reference } = await rootfs();
    await writeFile(join(path, 'file'), '');
    const { context } = imageSurroundings();
    const importing = (from: string) =>
      failureOf(importDirectory(api, { path: from, reference }, context));
    expect((await importing(join(path, 'file'))).message).toContain('it is not a directory');
    expect((await importing(join(path, 'absent'))).message).toContain('no such file');
    expect((await importing('/')).message).toContain("this machine's own root");
  });

  test('Ctrl-C leaves no image', async () => {
    const { path, reference } = await rootfs();
    const file = await open(join(path, 'large'), 'w');
    await file.truncate(4_000_000_000);
    await file.close();
    const { context, controller } = imageSurroundings();
    const importing = importDirectory(api, { path, reference }, context);
    setImmediate(() => controller.abort());
    await expect(importing).rejects.toThrow();
    await expect(docker.getImage(reference).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('an archive that broke before it was sent makes no image and is not waited for', async () => {
    const { path, reference } = await rootfs();
    await writeFile(join(path, 'file'), 'content');
    const { context, controller } = imageSurroundings();
    const archive = await directoryArchive(path, { ...context, cancel: AbortSignal.abort() });
    await new Promise((resolve) => archive.once('close', resolve));
    const importing = importArchive(api, { archive, reference, changes: [] }, context);
    expect((await failureOf(importing)).code).toBe('image-not-loaded');
    expect(controller.signal.aborted).toBe(false);
  });
});

describeOn('docker', 'the minimal image', () => {
  const spec = taskSpec({ profile: 'test-minimal', command: ['/bin/bash', '-c', 'true'] });

  test('has a shell, core tools, users and /tmp, and says what it is', async () => {
    const { context } = imageSurroundings();
    const facts = await buildMinimal(api, spec, context);
    removedAfterwards(facts.reference);
    const { Config } = await docker.getImage(facts.reference).inspect();
    const line =
      'id -un; ls -ld /tmp | cut -c1-10; echo a | sed s/a/b/; awk "BEGIN{print 1+1}"; env true && echo env; pwd';
    const { stdout } = await execa('docker', [
      ...['run', '--rm', '--network', 'none', '-u', '1000:1000', '-w', '/home/sandbox'],
      ...[facts.reference, '/bin/bash', '-c', line],
    ]);
    expect(facts).toMatchObject({ reference: 'sandbox-test-minimal:minimal', minimal: true });
    expect(facts).toMatchObject({ origin: 'built', recipe: null, digest: null });
    expect(stdout).toBe('sandbox\ndrwxrwxrwt\nb\n2\nenv\n/home/sandbox');
    expect(Config.Labels).toMatchObject({
      'sandbox-run.profile': 'test-minimal',
      'sandbox-run.minimal': 'true',
    });
  });

  test('stands in for a profile that cannot be built, and the receipt says so', async () => {
    const workspace = await Workspace.create();
    const [profiles, name] = [join(workspace.path, '.sandbox/profiles'), 'test-stand-in'];
    await mkdir(profiles, { recursive: true });
    const content = {
      name,
      description: 'of no base',
      base: 'sandbox-test-none:1',
      shell: '/bin/bash',
    };
    await writeFile(join(profiles, `${name}.json`), JSON.stringify(content));
    const args = ['--profile', name, '--pull', 'never', '-c', 'echo $((6 * 7))'];
    const before = await workspace.run([...args, '--id', 'before']);
    expect(before.exitCode).toBe(125);
    expect(before.stderr).toContain('sandbox image build --minimal');

    const build = ['image', 'build', '--minimal', name, '--engine', 'docker'];
    const built = await runCli(build, { cwd: workspace.path });
    expect(built.stdout).toBe(`${removedAfterwards(`sandbox-${name}:minimal`)}\n`);

    const after = await workspace.run([...args, '--id', 'after']);
    expect([after.exitCode, after.stdout]).toEqual([0, '42\n']);
    expect(after.stderr).toContain('which has a shell and core tools only');
    const { image } = await readReceipt(join(workspace.receiptsDir, 'after.json'));
    expect(image).toMatchObject({ reference: `sandbox-${name}:minimal`, minimal: true });
    expect(image).toMatchObject({ profile: name, recipe: null, origin: 'present' });
  });

  test('stands in for nothing that is there, was to be the newest, or is for another platform', async () => {
    const workspace = await Workspace.create();
    const [base, name] = [`localhost:1/sandbox-test:${randomUUID()}`, 'test-real'];
    await execa('docker', ['tag', 'debian:bookworm-slim', removedAfterwards(base)]);
    const env = await writeProfile(workspace.root, { name, description: 'real', base });
    onTestFinished(() => removeImagesWith(name));
    const build = async (...options: string[]) =>
      await runCli(['image', 'build', name, '-q', ...options], { cwd: workspace.path, env });
    const { stdout: real } = await build();
    removedAfterwards(real.trim());
    removedAfterwards((await build('--minimal')).stdout.trim());
    const run = async (id: string, ...options: string[]) =>
      await workspace.run(['--id', id, '--profile', name, ...options, '--', 'true'], { env });

    const refreshed = await run('refreshed', '--pull', 'always');
    expect(refreshed.exitCode).toBe(125);
    expect(refreshed.stderr).toContain(`the base of profile "${name}" could not be refreshed`);
    expect(refreshed.stderr).toContain('--pull missing');
    expect(refreshed.stderr).not.toContain('not built');

    const foreign = await run('foreign', '--platform', 'linux/s390x', '--pull', 'never');
    expect(foreign.exitCode).toBe(125);
    expect(foreign.stderr).toContain('its base is not there for linux/s390x');

    expect((await run('plain')).exitCode).toBe(0);
    const { image } = await readReceipt(join(workspace.receiptsDir, 'plain.json'));
    expect(image).toMatchObject({ reference: real.trim(), minimal: false });
  });

  test('that is made again leaves nothing of the one before, but where a container needs it', async () => {
    const { context } = imageSurroundings();
    // While others build it would be left to be pruned.
    const alone = realApi(await engineUnderAnotherName());
    const again = { ...spec, profile: `test-again-${process.pid}` };
    const first = await buildMinimal(alone, again, context);
    const container = await docker.createContainer({ Image: first.id, Cmd: ['true'] });
    onTestFinished(() => void container.remove().catch(() => undefined));
    const second = await buildMinimal(alone, again, context);
    removedAfterwards((await buildMinimal(alone, again, context)).reference);
    const isThere = async ({ id }: { id: string }) =>
      await docker
        .getImage(id)
        .inspect()
        .then(
          () => true,
          () => false,
        );
    expect([await isThere(first), await isThere(second)]).toEqual([true, false]);

    const dockerfile = `FROM ${first.id}\nENV MINE=1\n`;
    const { stdout: others } = await execa('docker', ['build', '-q', '-'], { input: dockerfile });
    const lost = await lostStandIns(api, await labelledImages(api), context.cancel);
    expect(lost.map(({ Id }) => Id)).toContain(first.id);
    expect(lost.map(({ Id }) => Id)).not.toContain(others);
    await docker.getImage(others).remove();
    await container.remove();
    await docker.getImage(first.id).remove();
  });

  test('is for the platform of the engine only', async () => {
    const { context } = imageSurroundings();
    const building = buildMinimal(api, { ...spec, platform: 'linux/s390x' }, context);
    expect((await failureOf(building)).code).toBe('image-wrong-platform');
  });

  test('a host without a static busybox is told what to install', async () => {
    const { root } = await Workspace.create();
    const dynamic = join(root, 'busybox');
    await execa('cp', [process.execPath, dynamic]);
    vi.stubEnv('PATH', root);
    const { findBusybox } =
      await import('../../src/engine/docker/images/offline/minimal-busybox.ts');
    const failure = await failureOf(findBusybox('no-such-machine', process.env));
    expect(failure.message).toContain(`${dynamic} is not static`);
    expect(failure.hint).toContain('apt-get install busybox-static');
  });
});
