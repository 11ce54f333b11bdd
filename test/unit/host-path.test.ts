import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Caller,
  currentCaller,
  isInside,
  shareableHostPath,
  workspacePath,
} from '../../src/spec/host-path.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

interface Host {
  readonly root: string;
  readonly caller: Caller;
}

/** `home`, `engine/run/docker.sock` and `app` below a temporary directory, and a caller who stands in `app`. */
async function host(): Promise<Host> {
  const root = await temporaryDirectory();
  for (const name of ['home', 'engine', 'engine/run', 'app']) await mkdir(join(root, name));
  const socket = join(root, 'engine/run/docker.sock');
  await writeFile(socket, '');
  const env = { HOME: join(root, 'home'), DOCKER_HOST: `unix://${socket}` };
  return { root, caller: { ...currentCaller(), cwd: join(root, 'app'), env } };
}

describe('what a task may be shown', () => {
  test('A relative path is resolved against the caller, and symlinks are followed', async () => {
    const { root, caller } = await host();
    await mkdir(join(root, 'data'));
    await symlink('../data', join(root, 'app/link'));
    expect(await shareableHostPath('../data', caller)).toBe(join(root, 'data'));
    expect(await shareableHostPath('link', caller)).toBe(join(root, 'data'));
    expect(await shareableHostPath(join(root, 'data'), caller)).toBe(join(root, 'data'));
  });

  test.each([
    ['/', 'it is the whole file system'],
    ['/proc/self/root', 'it is the whole file system'],
    ['../home', 'it is your whole home directory'],
    ['../home/.', 'it is your whole home directory'],
    ['../engine/run/docker.sock', "it holds the engine's socket"],
    ['../engine/run', "it holds the engine's socket"],
    ['../engine', "it holds the engine's socket"],
    ['..', "it holds the engine's socket"],
    ['missing', 'a path that exists'],
    ['../engine/run/docker.sock/x', 'a path whose parents are directories'],
  ])('"%s" is refused', async (text, reason) => {
    const { caller } = await host();
    const path = shareableHostPath(text, caller);
    await expect(path).rejects.toThrow(reason);
    await expect(path).rejects.toThrow(`got ${JSON.stringify(text)}`);
  });

  test('A directory inside of home may be shown', async () => {
    const { root, caller } = await host();
    await mkdir(join(root, 'home/project'));
    expect(await shareableHostPath('../home/project', caller)).toBe(join(root, 'home/project'));
  });

  test("A symlink to the engine's socket does not hide it", async () => {
    const { root, caller } = await host();
    await symlink(join(root, 'engine'), join(root, 'app/innocent'));
    await expect(shareableHostPath('innocent', caller)).rejects.toThrow("the engine's socket");
  });

  test('The socket is found behind a DOCKER_HOST that is a symlink', async () => {
    const { root, caller } = await host();
    await symlink(join(root, 'engine/run/docker.sock'), join(root, 'app/link.sock'));
    const env = { ...caller.env, DOCKER_HOST: `unix://${join(root, 'app/link.sock')}` };
    const path = shareableHostPath('../engine', { ...caller, env });
    await expect(path).rejects.toThrow("the engine's socket");
  });

  test.each([
    ['DOCKER_HOST', 'unix://ROOT/later/docker.sock'],
    ['CONTAINER_HOST', 'unix://ROOT/later/podman.sock'],
    ['XDG_RUNTIME_DIR', 'ROOT/later'],
  ])('A socket that %s names is kept, though its engine may start later', async (name, value) => {
    const { root, caller } = await host();
    await mkdir(join(root, 'later'));
    const env = { HOME: join(root, 'home'), [name]: value.replace('ROOT', root) };
    const path = shareableHostPath('../later', { ...caller, env });
    await expect(path).rejects.toThrow("the engine's socket");
  });

  test.each(['.docker/run', '.docker/desktop', '.rd', '.colima/default'])(
    'A socket in ~/%s is kept',
    async (directory) => {
      const { root, caller } = await host();
      await mkdir(join(root, 'home', directory), { recursive: true });
      await writeFile(join(root, 'home', directory, 'docker.sock'), '');
      const path = shareableHostPath(`../home/${directory}`, caller);
      await expect(path).rejects.toThrow("the engine's socket");
    },
  );
});

describe('what may be a workspace', () => {
  const { uid, gid } = currentCaller();
  const stranger = { uid: 4242, gid: 4242 };
  const groupMember = { uid: 4242, gid };
  const root = { uid: 0, gid: 0 };
  const named = { uid: null, gid: null };

  test('A directory of the caller is taken', async () => {
    const { root, caller } = await host();
    expect(await workspacePath('.', caller, { uid, gid })).toBe(join(root, 'app'));
  });

  test.each(
    ['/bin', '/dev', '/etc', '/home', '/lib', '/proc', '/proc/self/fd', '/root', '/sbin', '/sys']
      .concat(['/usr', '/usr/bin', '/usr/lib/..', '/usr/local', '/usr/share', '/var', '/mnt'])
      .concat('/etc/ssl'),
  )('%s is a system directory and refused', async (path) => {
    const { caller } = await host();
    const expected = 'a directory of your own (this is a system directory)';
    await expect(workspacePath(path, caller, { uid, gid })).rejects.toThrow(expected);
  });

  test('A file is refused', async () => {
    const { caller } = await host();
    await writeFile(join(caller.cwd, 'file'), '');
    await expect(workspacePath('file', caller, { uid, gid })).rejects.toThrow(
      'expected a directory, got "file"',
    );
  });

  test.each([
    { who: 'a stranger may not write to', mode: 0o755, writer: stranger, isTaken: false },
    { who: 'anyone may write to', mode: 0o777, writer: stranger, isTaken: true },
    { who: 'anyone may write to but not enter', mode: 0o776, writer: stranger, isTaken: false },
    { who: "the task's group may write to", mode: 0o775, writer: groupMember, isTaken: true },
    { who: "the task's group may only read", mode: 0o757, writer: groupMember, isTaken: false },
    { who: 'root needs a capability to write to', mode: 0o555, writer: root, isTaken: false },
    { who: 'a named user may or may not write to', mode: 0o755, writer: named, isTaken: true },
  ])('That it is one that $who decides: $isTaken', async ({ mode, writer, isTaken }) => {
    const { caller } = await host();
    await chmod(caller.cwd, mode);
    const path = workspacePath('.', caller, writer);
    if (isTaken) await expect(path).resolves.toBe(caller.cwd);
    else await expect(path).rejects.toThrow('may write to; it has mode');
  });
});

test.each([
  ['/a', '/a', true],
  ['/a/b', '/a', true],
  ['/a/b', '/a/', true],
  ['/a', '/', true],
  ['/ab', '/a', false],
  ['/a', '/a/b', false],
])('That "%s" is inside "%s" is %s', (path, directory, expected) => {
  expect(isInside(path, directory)).toBe(expected);
});
