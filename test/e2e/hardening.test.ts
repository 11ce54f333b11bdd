import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeOn } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

/** Says whether a raw socket can be had, which takes the capability NET_RAW. */
const rawSocket = `perl -e 'use Socket; print socket(S, AF_INET, SOCK_RAW, 1) ? "raw" : "no raw"'`;
const asRoot = ['-u', '0:0'];

/** A workspace that uid 0 without capabilities may write to, whoever runs the tests. */
async function openWorkspace(): Promise<Workspace> {
  const workspace = await Workspace.create();
  await mkdir(join(workspace.path, 'in'));
  return workspace;
}

describeOn('docker', 'hardening', () => {
  test('what is always on holds inside, and nothing is loosened', async () => {
    const workspace = await openWorkspace();
    const line = [
      'grep -E "^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status',
      'ulimit -c -H',
      'cat /proc/1/comm',
      'for n in ipc pid uts net mnt; do readlink /proc/self/ns/$n; done',
      'awk \'$2 == "/tmp" || $2 == "/dev/shm" || $2 == "/home/sandbox" {print $2, $4}\' /proc/mounts',
      'echo x > /proc/sys/kernel/core_pattern; touch /etc/x /x',
      'head -c 1 /proc/kcore | wc -c; cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware',
    ].join('; ');
    const { stdout, stderr } = await workspace.run(['-m', '128m', '-c', line]);
    const lines = stdout.replaceAll('\t', ' ').split('\n');
    const none = '0000000000000000';
    expect(lines.slice(0, 9)).toEqual([
      ...['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}: ${none}`),
      ...['NoNewPrivs: 1', 'Seccomp: 2', '0', 'docker-init'],
    ]);
    for (const [index, name] of ['ipc', 'pid', 'uts', 'net', 'mnt'].entries()) {
      expect(lines[9 + index]).toMatch(new RegExp(`^${name}:`));
      expect(lines[9 + index]).not.toBe(await readlink(`/proc/self/ns/${name}`));
    }
    const mounts = lines.slice(14, 17).sort();
    expect(mounts.map((mount) => mount.split(' ')[0])).toEqual([
      ...['/dev/shm', '/home/sandbox', '/tmp'],
    ]);
    for (const mount of mounts) expect(mount).toMatch(/nosuid,nodev.*size=65536k/);
    expect(lines.slice(17)).toEqual(['0', '0', '']);
    expect(stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect((await workspace.receipt()).isolation).toEqual({
      ...{ level: 'container', simulated: false },
      ...{ loosened: [], notEnforced: [] },
    });
  });

  test('/dev/shm is limited like /tmp', async () => {
    const workspace = await openWorkspace();
    const line = 'head -c 100m /dev/zero > /dev/shm/x; stat -c %s /dev/shm/x';
    const { stdout } = await workspace.run(['-m', '64m', '-c', line]);
    expect(stdout).toBe('33554432\n');
  });

  test('--cap-add gives uid 0 one capability, and the receipt says so', async () => {
    const workspace = await openWorkspace();
    const line = `${rawSocket}; grep CapEff /proc/self/status`;
    const args = [...asRoot, '--workspace-mode', 'ro', '-c', line];
    const without = await workspace.run(args);
    expect(without.stdout).toBe('no rawCapEff:\t0000000000000000\n');
    const other = await openWorkspace();
    const added = await other.run(['--cap-add', 'net_raw', ...args]);
    expect(added.stdout).toBe('rawCapEff:\t0000000000002000\n');
    expect((await other.receipt()).isolation).toMatchObject({
      loosened: ['cap-add NET_RAW', 'user root'],
      notEnforced: [],
    });
  });

  test('--cap-add does nothing for another uid, which is said', async () => {
    const workspace = await openWorkspace();
    const user = ['-u', '4321:4321', '--workspace-mode', 'ro'];
    const { stdout, stderr } = await workspace.run([
      ...[...user, '--cap-add', 'NET_RAW', '-c', rawSocket],
    ]);
    expect(stdout).toBe('no raw');
    expect(stderr).toContain('--cap-add does nothing for the user 4321:4321');
    expect((await workspace.receipt()).isolation).toMatchObject({
      loosened: [],
      notEnforced: ['cap-add NET_RAW'],
    });
  });

  test('--writable-root opens the root file system, whose size is not limited', async () => {
    const workspace = await openWorkspace();
    const args = [...asRoot, '--workspace-mode', 'ro', '-c', 'touch /etc/x && echo written'];
    expect((await workspace.run(args)).stdout).toBe('');
    await workspace.run(['--receipt', '../other/', 'true']);
    const { stdout } = await workspace.run([
      ...['--receipt', '../r.json', '--writable-root'],
      ...args,
    ]);
    expect(stdout).toBe('written\n');
    const text = await readFile(join(workspace.root, 'r.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      isolation: { loosened: ['writable-root', 'user root'], notEnforced: ['root-size'] },
    });
  });

  test('--user root is told of where it was asked for', async () => {
    const workspace = await openWorkspace();
    const { stdout } = await workspace.run([
      ...['--user', 'root', '--workspace-mode', 'ro', '--', 'id', '-u'],
    ]);
    const receipt = await workspace.receipt();
    expect(stdout).toBe('0\n');
    expect(receipt.user).toBe('root');
    expect(receipt.isolation.loosened).toEqual(['user root']);
  });

  test('--security-opt seccomp=unconfined switches the filter off', async () => {
    const workspace = await openWorkspace();
    const { stdout } = await workspace.run([
      ...['--security-opt', 'seccomp=unconfined', '--', 'grep', '^Seccomp:', '/proc/self/status'],
    ]);
    expect(stdout).toBe('Seccomp:\t0\n');
    expect((await workspace.receipt()).isolation).toMatchObject({
      loosened: ['security-opt seccomp=unconfined'],
      notEnforced: [],
    });
  });

  test('--security-opt seccomp=FILE is the filter that is in force', async () => {
    const workspace = await openWorkspace();
    const refusesMkdir = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
    };
    await writeFile(join(workspace.root, 'profile.json'), JSON.stringify(refusesMkdir, null, 2));
    const line = 'mkdir /tmp/x && echo made; grep ^NoNewPrivs /proc/self/status';
    const args = ['--security-opt', 'seccomp=../profile.json', '-c', line];
    const { stdout, stderr } = await workspace.run(args);
    expect(stdout).toBe('NoNewPrivs:\t1\n');
    expect(stderr).toContain('Operation not supported');
    expect((await workspace.receipt()).isolation.loosened).toEqual([
      `security-opt seccomp=${workspace.root}/profile.json`,
    ]);
  });

  test.each<[string, (path: string) => Promise<void>, string]>([
    ['missing', () => Promise.resolve(), 'there is no such file'],
    ['a directory', (path) => mkdir(path), 'not a regular file'],
    ['a symlink', (path) => symlink('/etc/passwd', path), 'it is a symlink'],
    ['no JSON', (path) => writeFile(path, 'allow'), 'JSON'],
    ['a list', (path) => writeFile(path, '[]'), 'it is no JSON object'],
    ['too large', (path) => writeFile(path, ' '.repeat(1024 ** 2 + 1)), 'larger than 1 MiB'],
  ])('a seccomp profile that is %s is refused', async (_, make, reason) => {
    const workspace = await openWorkspace();
    await make(join(workspace.root, 'profile'));
    const args = ['--security-opt', 'seccomp=../profile', '-c', 'touch ran'];
    const { exitCode, stderr } = await workspace.run(args);
    expect(exitCode).toBe(125);
    expect(stderr).toContain(reason);
    const receipt = await workspace.receipt();
    expect(receipt.status).toBe('not-started');
    await expect(readFile(join(workspace.path, 'ran'))).rejects.toThrow('ENOENT');
  });

  test('--workspace-mode ro lets nothing be written, and the receipt says so', async () => {
    const workspace = await openWorkspace();
    const line = 'touch x in/x; chmod 700 in; rmdir in; ls -A';
    const { stdout, stderr } = await workspace.run(['--workspace-mode', 'ro', '-c', line]);
    expect(stdout).toBe('in\n');
    expect(stderr.match(/Read-only file system/g)).toHaveLength(4);
    const { workspace: told, isolation } = await workspace.receipt();
    expect(told.mode).toBe('ro');
    expect(isolation.notEnforced).toEqual([]);
  });

  test('a runtime that the engine does not know is refused with those that it has', async () => {
    const workspace = await openWorkspace();
    const { exitCode, stderr } = await workspace.run(['--runtime', 'no-such-runtime', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('the engine has no runtime "no-such-runtime"');
    expect(stderr).toMatch(/It has .*runc/);
  });

  test('there is no --privileged', async () => {
    const workspace = await openWorkspace();
    const { exitCode, stderr } = await workspace.run(['--privileged', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('--privileged');
  });
});
