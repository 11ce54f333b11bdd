import { chmod, readdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { identify } from '../../src/engine/docker/identity.ts';
import { containersOf, describeOn, docker } from '../helpers/engines.ts';
import { realApi } from '../helpers/image-surroundings.ts';
import { type MadeFile, busybox, makeImage, smallSystem } from '../helpers/made-images.ts';
import { Workspace } from '../helpers/workspace.ts';
import { failureOf } from '../unit/support/failure.ts';
import { taskSpec } from '../unit/support/task-spec.ts';

const title = 'any image, used as it is';
const isPromised = (process.env.SANDBOX_TEST_ENGINES ?? '').split(',').includes('docker');
if (busybox === null && isPromised) throw new Error('there is no static busybox (busybox-static)');

if (busybox === null) test.skip(`${title} (skipped: no static busybox)`);
else describeOn('docker', title, () => suite(busybox ?? Buffer.alloc(0)));

function suite(program: Buffer): void {
  const stranger = '4711:4712';
  const system = smallSystem(program);
  const nameOf = (kind: string) => `sandbox-test-${kind}:${process.pid}`;
  const images: Record<string, [files: MadeFile[], changes: string[]]> = {
    full: [
      [
        ...system,
        { path: 'elsewhere/there', content: '' },
        { path: 'data/from-image', content: '' },
        { path: 'private', directoryMode: 0o700 },
      ],
      [
        'ENTRYPOINT ["/bin/echo", "entrypoint"]',
        'CMD ["default"]',
        'USER nobody',
        'WORKDIR /elsewhere',
        'VOLUME /data',
        'EXPOSE 80',
        'ONBUILD RUN false',
        'HEALTHCHECK --interval=1s CMD touch /workspace/checked',
      ],
    ],
    scratch: [
      [
        { path: 'echo', content: program, mode: 0o755 },
        { path: 'notes', content: 'text' },
        { path: 'script', content: '#!/bin/sh\n', mode: 0o755 },
      ],
      [],
    ],
    'odd-path': [
      [...system, { path: 'odd/tool', content: '#!/bin/sh\necho tool\n', mode: 0o755 }],
      ['ENV PATH=/odd::relative:/nowhere'],
    ],
    occupied: [[...system, { path: 'workspace', content: 'a file' }], []],
    'empty-path': [system, ['ENV PATH=']],
    'broken-entrypoint': [system, ['ENTRYPOINT ["/no/such"]']],
    'linked-accounts': [
      [
        ...system.filter(({ path }) => path !== 'etc/passwd'),
        { path: 'usr/share/accounts', content: 'root:x:0:0::/root:/bin/sh' },
        { path: 'etc/passwd', link: '../usr/share/accounts' },
      ],
      [],
    ],
    'planted-accounts': [
      [
        ...system.filter(({ path }) => !path.startsWith('etc/')),
        { path: 'etc/passwd', link: '/workspace/planted' },
        { path: 'way', link: '/workspace' },
        { path: 'etc/group', link: '/way/planted-group' },
      ],
      [],
    ],
    'huge-accounts': [
      [
        ...system.filter(({ path }) => path !== 'etc/passwd'),
        { path: 'etc/passwd', content: 'someone:x:1:1::/:/bin/sh\n'.repeat(20_000) },
      ],
      [],
    ],
  };

  beforeAll(async () => {
    const made = Object.entries(images).map(([kind, [files, changes]]) =>
      makeImage(nameOf(kind), files, changes),
    );
    const removals = await Promise.all(made);
    return async () => {
      await Promise.all(removals.map((remove) => remove()));
    };
  });

  const start = async (kind: string, args: readonly string[]) => {
    const workspace = await Workspace.create();
    const flags = ['-q', '--image', nameOf(kind), '--workspace-mode', 'ro', '-u', stranger];
    const result = await workspace.run([...flags, ...args]);
    return { ...result, workspace, receipt: await workspace.receipt() };
  };

  test('what the image says of entrypoint, user and directory gives way, and its health check never runs', async () => {
    const { stdout, receipt, workspace } = await start('full', [
      ...['--workspace-mode', 'rw', '-u', '0:0'],
      ...['-c', 'pwd; id -u; busybox sleep 2.5; ls'],
    ]);
    expect(stdout).toBe('/workspace\n0\n');
    expect(receipt.status).toBe('passed');
    expect(await readdir(workspace.path)).toEqual([]);
  });

  test('--keep-entrypoint keeps it', async () => {
    const { stdout } = await start('full', ['--keep-entrypoint', '--', 'mine']);
    expect(stdout).toBe('entrypoint mine\n');
  });

  test('an entrypoint that is missing is what was not found', async () => {
    const { exitCode, receipt } = await start('broken-entrypoint', ['--keep-entrypoint', 'sh']);
    expect(exitCode).toBe(127);
    expect(receipt.status).toBe('not-started');
    expect(receipt.error?.message).toContain('/no/such');
  });

  test('a VOLUME keeps what the image has in it, is told of as unlimited, and is gone afterwards', async () => {
    const { stdout, receipt } = await start('full', ['-c', 'ls /data; cat /proc/self/mountinfo']);
    const id = /volumes\/([0-9a-f]{64})\/_data \/data /.exec(stdout)?.[1] ?? 'none';
    expect(stdout).toMatch(/^from-image\n/);
    expect(receipt.isolation.notEnforced).toEqual(['volume-size /data']);
    await expect(docker.getVolume(id).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test.each([
    ['--tmpfs', ['--tmpfs', '/data:size=1m']],
    ['-v', ['-v', '.:/data']],
  ])('%s in the place of a VOLUME leaves none', async (_, flags) => {
    const { receipt, stdout } = await start('full', [...flags, '--', 'ls', '/data']);
    expect(receipt.isolation.notEnforced).toEqual([]);
    expect(stdout).toBe('');
  });

  test('a file in the place of the workspace is refused with what to do', async () => {
    const { exitCode, receipt } = await start('occupied', ['--', 'ls']);
    expect(exitCode).toBe(125);
    expect(receipt.error?.hint).toContain('/workspace');
  });

  test('a single static program is enough, with no shell, no /tmp and no accounts', async () => {
    const { stdout, exitCode, receipt } = await start('scratch', ['--', '/echo', 'hello']);
    expect(stdout).toBe('hello\n');
    expect(exitCode).toBe(0);
    expect(receipt.isolation.notEnforced).toEqual([]);
  });

  test.each([
    ['scratch', 127, ['--', '/missing']],
    ['scratch', 127, ['--', 'missing']],
    ['scratch', 127, ['-c', 'true']],
    ['scratch', 126, ['--', '/notes']],
    ['scratch', 126, ['--', '/script']],
    ['scratch', 126, ['--', '/proc']],
    ['odd-path', 127, ['--', 'missing']],
    ['odd-path', 127, ['--', 'echo']],
    ['empty-path', 127, ['--', 'sh']],
  ])('in the image "%s" it is %i for %j, and nothing has started', async (kind, code, args) => {
    const { exitCode, receipt, stdout, stderr } = await start(kind, args);
    expect(exitCode).toBe(code);
    expect(receipt.status).toBe('not-started');
    expect(receipt.task).toBeNull();
    expect(stdout).toBe('');
    expect(stderr).not.toContain('tini');
  });

  test('a PATH of the image is searched as it is, the working directory with it', async () => {
    expect((await start('odd-path', ['--', 'tool'])).stdout).toBe('tool\n');
    const workspace = await Workspace.create();
    await writeFile(join(workspace.path, 'mine'), '#!/bin/sh\necho mine\n', { mode: 0o755 });
    const { stdout } = await workspace.run(['-q', '--image', nameOf('odd-path'), '--', 'mine']);
    expect(stdout).toBe('mine\n');
  });

  test('a stranger to the image has a name, a group and a home, by every way to ask', async () => {
    const line = [
      ...[
        'whoami',
        'id -un',
        'id -gn',
        'echo $USER $LOGNAME $HOME',
        'busybox grep 4711 /etc/passwd',
      ],
      'touch ~/file $(mktemp) && echo writable',
    ].join('; ');
    const { stdout } = await start('full', ['-c', line]);
    expect(stdout.split('\n')).toEqual([
      ...['sandbox', 'sandbox', 'sandbox', 'sandbox sandbox /home/sandbox'],
      ...['sandbox:x:4711:4712::/home/sandbox:/bin/sh', 'writable', ''],
    ]);
  });

  test('what a caller sets or mounts comes first', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.path, 'accounts'), 'me:x:4711:4712::/:/bin/sh\n');
    const place = ['-q', '--image', nameOf('full'), '-u', stranger, '--workspace-mode', 'ro'];
    const own = ['-v', './accounts:/etc/passwd', '-e', 'USER=chosen', '-e', 'HOME=/somewhere'];
    const { stdout } = await workspace.run([...place, ...own, '-c', 'whoami; echo $USER; pwd ~']);
    expect(stdout).toBe('me\nchosen\n/workspace\n');
  });

  test('a home of the caller’s own is the one in the accounts', async () => {
    const line = 'busybox grep 4711 /etc/passwd';
    const { stdout } = await start('full', ['-e', 'HOME=/elsewhere/häuschen', '-c', line]);
    expect(stdout).toBe('sandbox:x:4711:4712::/elsewhere/häuschen:/bin/sh\n');
  });

  test('a home that the image keeps for somebody else is the task’s own memory', async () => {
    const line = 'echo kept > ~/file && busybox cat ~/file && busybox stat -c %u:%g ~';
    const { stdout, receipt } = await start('full', ['-e', 'HOME=/private', '-c', line]);
    expect(stdout).toBe('kept\n4711:4712\n');
    expect(receipt.isolation.notEnforced).not.toContain('tmpfs-size');
  });

  test('someone whom the image knows goes by that name, and the accounts are the image’s own', async () => {
    const line =
      'whoami; echo $USER; busybox grep -c /etc/ /proc/self/mountinfo; busybox wc -l < /etc/passwd';
    const { stdout } = await start('full', ['-u', '65534:65534', '-c', line]);
    // The engine's own three: hosts, hostname, resolv.conf.
    expect(stdout).toBe('nobody\nnobody\n3\n2\n');
  });

  test('accounts that are a symlink get the line where it leads', async () => {
    const { stdout } = await start('linked-accounts', ['-c', 'whoami; cat /usr/share/accounts']);
    expect(stdout).toBe(
      'sandbox\nroot:x:0:0::/root:/bin/sh\nsandbox:x:4711:4712::/home/sandbox:/bin/sh\n',
    );
  });

  test.each(['planted-accounts', 'huge-accounts'])(
    'the image "%s" runs, nameless, and nothing is made in the workspace',
    async (kind) => {
      const workspace = await Workspace.create();
      await chmod(workspace.path, 0o777);
      const on = ['-q', '--image', nameOf(kind), '-u', stranger];
      const { exitCode, stdout } = await workspace.run([...on, '-c', 'ls -A; echo $USER']);
      expect(exitCode).toBe(0);
      expect(stdout).toBe('sandbox\n');
      expect(await readdir(workspace.path)).toEqual([]);
    },
  );

  // Never by a whole run: if it went wrong, the engine would wait for ever.
  test.each(['/etc/passwd', '/etc/group'])('a pipe as %s is refused', async (path) => {
    const image = nameOf(`pipe${path.replaceAll('/', '-')}`);
    const others = system.filter((file) => `/${file.path}` !== path);
    onTestFinished(await makeImage(image, [...others, { path: path.slice(1), isPipe: true }]));
    const { Id } = await docker.getImage(image).inspect();
    const spec = taskSpec({ id: `pipe-${process.pid}`, image });
    const question = { spec, user: stranger, imageId: Id, isWorkdirSeen: true };
    const { code, message, hint } = await failureOf(() => identify(realApi(), question));
    expect(code).toBe('start-failed');
    expect(message).toContain(`expected ${path} of the image ${image} to be a file`);
    expect(hint).not.toContain('restart');
    expect(await containersOf(spec.id)).toEqual([]);
  });

  test('with --writable-root the accounts can be changed, so they are left alone', async () => {
    const line =
      'echo me:x:1:1::/:/bin/sh > /etc/passwd.new && busybox mv /etc/passwd.new /etc/passwd && busybox wc -l < /etc/passwd';
    const { stdout } = await start('full', ['--writable-root', '-u', '0:0', '-c', line]);
    expect(stdout).toBe('1\n');
  });

  test('what looks into an image is gone when the task starts', async () => {
    const kind = 'looked-into';
    const remove = await makeImage(nameOf(kind), [
      ...system,
      { path: `${process.pid}`, content: '' },
    ]);
    onTestFinished(remove);
    const id = `probe-${process.pid}`;
    const workspace = await Workspace.create();
    const args = [
      '-q',
      '--id',
      id,
      '--image',
      nameOf(kind),
      '-u',
      stranger,
      '--workspace-mode',
      'ro',
    ];
    const running = workspace.start([...args, '-c', 'echo started; cat'], { input: 'end' });
    const seen = new Promise<string[]>((resolve, reject) => {
      running.stdout.once('data', () => void containersOf(id).then(resolve, reject));
    });
    expect(await seen).toEqual([`/sandbox-${id}`]);
    await running;
    expect(await containersOf(id)).toEqual([]);
  });

  test('git, ssh, python and npm work for a stranger as they do for anyone', async () => {
    // Kept, and not built again: it takes packages from a mirror.
    const image = 'sandbox-test-tools';
    const install = 'apt-get install -y --no-install-recommends git openssh-client python3';
    const dockerfile = `FROM debian:bookworm-slim\nLABEL sandbox-test.made=1\nRUN apt-get update && ${install}\n`;
    await execa('docker', ['build', '--quiet', '--tag', image, '-'], { input: dockerfile });
    const python = 'import getpass, os; print(getpass.getuser(), os.path.expanduser("~"))';
    const lines = [
      'git init -q app && cd app && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x',
      'git log --format=%an',
      'getent passwd "$(id -u)" | cut -d: -f1,6',
      `env -u USER -u LOGNAME python3 -c '${python}'`,
      'node /opt/npm/bin/npm-cli.js --version > /dev/null && echo npm',
      'ssh -o BatchMode=yes 127.0.0.1 2>&1 | grep -o "No user exists\\|Connection refused"',
    ];
    const workspace = await Workspace.create();
    await chmod(workspace.path, 0o777);
    const npm = await realpath(join(dirname(process.execPath), '../lib/node_modules/npm'));
    const host = ['-v', `${process.execPath}:/usr/bin/node`, '-v', `${npm}:/opt/npm`];
    const { stdout, stderr } = await workspace.run([
      ...['-q', '--image', image, '-u', stranger, ...host],
      ...['-c', lines.join('\n')],
    ]);
    expect(stderr).toBe('');
    expect(stdout).toBe(
      'a\nsandbox:/home/sandbox\nsandbox /home/sandbox\nnpm\nConnection refused\n',
    );
  }, 300_000);
}
