import { cp, mkdir, readFile, readdir, realpath, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { finished, printed } from '../helpers/cli.ts';
import {
  canBeMade,
  capability,
  hasCgroups,
  hasNamespaces,
  inPlaceOf,
  runUnder,
  withHereDocumentsInFiles,
  withoutBubblewrap,
  withoutProc,
  withoutUserNamespaces,
} from '../helpers/simulation.ts';
import { processesThatCarry } from '../helpers/shell.ts';
import { Workspace } from '../helpers/workspace.ts';

const on = ['--engine', 'simulation', '-q'];
const isRoot = process.getuid?.() === 0;
const why = hasNamespaces ? '' : ` (skipped: ${capability.reason ?? ''})`;

const canHide = await canBeMade(inPlaceOf('/usr/bin/bwrap', '/bin/true'));
const canChangeShell = await canBeMade(withHereDocumentsInFiles);

describe.skipIf(!hasNamespaces)(`simulation with bubblewrap${why}`, () => {
  test('the receipt and one line on stderr say what there is and what is missing', async () => {
    const workspace = await Workspace.create();
    const { stderr } = await workspace.run(['--engine', 'simulation', '--', 'true']);
    const { engine, isolation, network, image } = await workspace.receipt();
    expect(stderr).toMatch(
      /^sandbox: warning: running in simulation, isolation: namespace \(bubblewrap\)\. [^\n]*\n$/,
    );
    expect(stderr).toContain('Use --isolation container to refuse this.');
    expect(engine).toMatchObject({ name: 'simulation', product: 'bubblewrap' });
    expect(engine?.version).toMatch(/^\d+\.\d+/);
    expect(isolation).toMatchObject({ level: 'namespace', simulated: true, loosened: [] });
    expect(network).toEqual({ name: 'isolated', id: null, reaches: [] });
    expect(image).toBeNull();
    if (hasCgroups) expect(isolation.notEnforced).toEqual(['image']);
    else expect(stderr).toContain('not limited');
  });

  test('nothing of the host is seen but system directories, and those cannot be written to', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'beside'), 'private');
    const line = [
      'for p in /root /home/* /run/docker.sock /var/run /etc/shadow /etc/ssh /etc/ssl/private "$1"; do',
      '  [ "$p" = /home/sandbox ] || [ ! -e "$p" ] || echo "sees $p"; done',
      'for p in / /usr /etc /usr/bin /dev /opt /lib; do touch "$p/x" 2>/dev/null && echo "writes $p"; done',
      'cut -d: -f1 /etc/passwd; ls /',
    ].join('\n');
    const args = [...on, '--', 'sh', '-c', line, 'sh', join(workspace.root, 'beside')];
    const { stdout } = await workspace.run(args);
    expect(stdout).not.toMatch(/sees|writes/);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['usr', 'workspace', 'tmp']));
    expect(stdout.split('\n')).not.toContain('root\nnobody');
    for (const name of ['root', 'var', 'srv', 'sys']) {
      expect(stdout.split('\n').slice(2)).not.toContain(name);
    }
  });

  test('a task cannot change the kernel, has no capability and cannot get one', async () => {
    const before = await readFile('/proc/sys/kernel/core_pattern', 'utf8');
    const workspace = await Workspace.create();
    const line = [
      'echo "|/workspace/evil" > /proc/sys/kernel/core_pattern',
      'for p in /proc/sysrq-trigger /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /proc/self/oom_score_adj; do',
      '  (echo 1 > "$p") 2>/dev/null && echo "wrote $p"; done',
      'unshare --user true && echo "made a namespace"',
      'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status; ulimit -c',
    ].join('\n');
    const { stdout } = await workspace.run([...on, '-c', line]);
    expect(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
    expect(stdout).not.toMatch(/wrote|made/);
    expect(stdout.match(/^Cap\w+:\t0{16}$/gm)).toHaveLength(5);
    expect(stdout).toMatch(/NoNewPrivs:\t1\nSeccomp:\t2\n0\n$/);
  });

  test('no descriptor of the caller reaches the task', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'private'), 'told');
    const line = 'exec 7<"$0" 200<"$0" 201<"$0"; exec "$@"';
    const prefix = ['bash', '-c', line, workspace.root];
    const look =
      'cd /proc/self/fd; for f in *; do cat "$f/private" 2>/dev/null; done; readlink 200';
    const { stdout } = await runUnder(prefix, workspace, [...on, '-c', look]);
    expect(stdout).toBe('/dev/null\n');
  });

  test('variables of the task act inside of the sandbox only', async () => {
    const workspace = await Workspace.create();
    const args = [...on, '-e', 'LD_PRELOAD=/nonexistent/x.so', '--', '/usr/bin/true'];
    const { stderr } = await workspace.run(args);
    // Once, by the command itself: not by what builds the sandbox.
    expect(stderr.match(/nonexistent/g)).toHaveLength(1);
  });

  test('the standard streams can be opened by name', async () => {
    const workspace = await Workspace.create();
    const line = 'echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin';
    const { stdout, stderr } = await workspace.run([...on, '-c', line], { input: 'in\n' });
    expect([stdout, stderr]).toEqual(['out\nin\n', 'err\n']);
  });

  test.skipIf(!canChangeShell)('the same where a shell has no pipe to give', async () => {
    const workspace = await Workspace.create();
    const line = 'echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin; exit 3';
    const args = [...on, '-c', line];
    const { exitCode, stdout, stderr } = await runUnder(withHereDocumentsInFiles, workspace, args);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  test.skipIf(!canHide)(
    'a bubblewrap that fails and leaves a process behind holds up nobody',
    async () => {
      const workspace = await Workspace.create();
      const [fake, real, pid] = ['fake', 'real', 'pid'].map((name) => join(workspace.root, name));
      const stays = `setsid sh -c 'trap "" TERM INT HUP; echo $$ > ${pid}; sleep 100 & wait' &`;
      const line = `case " $* " in *" --args "*) ${stays} exit 1;; esac; exec ${real} "$@"`;
      await cp(await realpath('/usr/bin/bwrap'), real ?? '');
      await writeFile(fake ?? '', `#!/bin/sh\n${line}\n`, { mode: 0o755 });
      const prefix = inPlaceOf('/usr/bin/bwrap', fake ?? '');
      const { exitCode, stderr } = await runUnder(prefix, workspace, [...on, '--', 'true']);
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining('ended and said nothing')]);
      expect((await workspace.receipt()).status).toBe('not-started');
      // It may still be about to begin.
      const left = async () => Number(await readFile(pid ?? '', 'utf8').catch(() => ''));
      process.kill(-(await vi.waitUntil(left, { timeout: 60_000 })));
    },
  );

  test('no service of the host is reached, by network or by abstract socket', async () => {
    const workspace = await Workspace.create();
    const connect = await hostServices();
    const { stdout } = await workspace.run([...on, '--', 'perl', '-e', connect]);
    expect(stdout).toBe('tcp refused\nabstract refused\n');
  });

  test('egress is the host’s network, said so, and no isolation', async () => {
    const workspace = await Workspace.create();
    const connect = await hostServices();
    const args = ['--engine', 'simulation', '--network', 'egress', '--', 'perl', '-e', connect];
    const { stdout, stderr } = await workspace.run(args);
    const { isolation, network } = await workspace.receipt();
    expect(stdout).toBe('tcp reached\nabstract reached\n');
    expect(stderr).toContain('isolation: none');
    expect(stderr).toContain("reaches the host's services");
    expect(isolation.level).toBe('none');
    expect(isolation.notEnforced).toContain('network');
    expect(network.name).toBe('host');
    expect(network.reaches).toEqual(expect.arrayContaining(['internet', 'host', 'other-tasks']));
    const least = ['--engine', 'simulation', '--network', 'egress', '--isolation', 'namespace'];
    const refused = await workspace.run([...least, '--id', 'refused', '--', 'touch', 'ran']);
    expect(refused.exitCode).toBe(125);
    expect(await readdir(workspace.path)).toEqual([]);
  });

  test('a workspace can be read-only, and other directories can be shown', async () => {
    const workspace = await Workspace.create();
    for (const name of ['read', 'write']) await mkdir(join(workspace.root, name));
    const { stdout, exitCode } = await workspace.run([
      ...[...on, '--workspace-mode', 'ro', '--tmpfs', '/scratch:size=1m'],
      ...['-v', '../read:/read', '-v', '../write:/deep/down/write:rw'],
      ...['-c', 'for p in . /read /deep/down/write /scratch; do touch $p/f && echo $p; done; :'],
    ]);
    expect({ stdout, exitCode }).toEqual({ stdout: '/deep/down/write\n/scratch\n', exitCode: 0 });
    expect(await readdir(join(workspace.root, 'write'))).toEqual(['f']);
    expect(await readdir(workspace.path)).toEqual([]);
  });

  test('memory file systems are full where --tmpfs says, and at half of the memory', async () => {
    const workspace = await Workspace.create();
    const fill = (path: string) => `head -c 64m /dev/zero > ${path}/f; stat -c %s ${path}/f`;
    const line = ['/scratch', '/tmp', '"$HOME"'].map(fill).join('; ');
    const args = [...on, '-m', '32m', '--tmpfs', '/scratch:size=1m', '-c', `${line}; rm /tmp/f`];
    const lines = (await workspace.run(args)).stdout.split('\n').map(Number);
    expect(lines[0]).toBe(1024 ** 2);
    expect(lines[1]).toBeLessThanOrEqual(16 * 1024 ** 2);
  });

  test('a secret is a file, and in nobody’s arguments or environment', async () => {
    const workspace = await Workspace.create();
    const line = 'cat /run/secrets/TOKEN; echo; echo ready; read go; (echo x > /run/secrets/TOKEN)';
    const value = `secret-${process.pid}-value`;
    const running = workspace.start([...on, '--secret', 'TOKEN', '-c', line], {
      env: { TOKEN: value },
    });
    await printed(running.stdout, 'ready');
    const seen = await processesThatCarry(value);
    running.stdin.end('go\n');
    const { stdout, exitCode } = await finished(running);
    expect(stdout).toContain(value);
    expect(exitCode).not.toBe(0);
    // Only the caller's own program was given it.
    expect(seen.filter((program) => program.includes('bwrap'))).toEqual([]);
    expect(JSON.stringify(await workspace.receipt())).not.toContain(value);
  });

  test('what a task prints in bubblewrap’s name is its own', async () => {
    const workspace = await Workspace.create();
    const line = 'echo "bwrap: execvp sh: No such file or directory" >&2; exit 1';
    expect((await workspace.run([...on, '-c', line])).exitCode).toBe(1);
    expect(await workspace.receipt()).toMatchObject({ status: 'failed', task: { exitCode: 1 } });
  });

  test('a sandbox that cannot be set up is our failure, with bubblewrap’s words', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.root, 'data'));
    const args = [...on, '-v', '../data:/usr/no-such-place', '--', 'touch', 'ran'];
    const { exitCode, stdout } = await workspace.run(args);
    const { status, error, task } = await workspace.receipt();
    expect({ exitCode, stdout, status, task }).toEqual({
      ...{ exitCode: 125, stdout: '', status: 'not-started', task: null },
    });
    expect(error?.code).toBe('start-failed');
    expect(error?.message).toContain('Read-only file system');
    expect(await readdir(workspace.path)).toEqual([]);
  });

  test('a program that the task does not see is named with the option that shows it', async () => {
    const workspace = await Workspace.create();
    const bin = join(workspace.root, 'tool/bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'my-tool'), '#!/bin/sh\necho works\n', { mode: 0o755 });
    const path = `${process.env.PATH ?? ''}:${bin}`;
    const missing = await workspace.run([...on, '--', 'my-tool'], { env: { PATH: path } });
    expect(missing.exitCode).toBe(127);
    const [, advice = ''] = /Add (.*)\n/.exec(missing.stderr) ?? [];
    expect(advice).toContain(`-v ${workspace.root}/tool:${workspace.root}/tool`);
    const shown = await workspace.run([...on, ...advice.split(' '), '--', 'my-tool']);
    expect(shown.stdout).toBe('works\n');
  });

  test('a link of the workspace does not lead out of the sandbox when a command is looked for', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'outside'), '#!/bin/sh\n', { mode: 0o755 });
    await execa('ln', ['-s', join(workspace.root, 'outside'), join(workspace.path, 'run')]);
    expect((await workspace.run([...on, '--', './run'])).exitCode).toBe(127);
  });

  test('a link that an earlier task planted does not lead a mount out of the workspace', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.root, 'data'));
    await mkdir(join(workspace.root, 'outside'));
    const outside = `../../oldroot${workspace.root}/outside`;
    await execa('ln', ['-s', outside, join(workspace.path, 'planted')]);
    const args = [...on, '-v', '../data:/workspace/planted/x', '--', 'true'];
    const { exitCode, stderr } = await workspace.run(args);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('leads through the symlink');
    expect(await readdir(join(workspace.root, 'outside'))).toEqual([]);
  });

  test('every process dies with a sandbox that is killed, and the next one tidies up', async () => {
    const workspace = await Workspace.create();
    const [first, second] = [uniqueSeconds(), uniqueSeconds()];
    const line = `setsid sh -c 'sleep ${first} & exec sleep ${second}' & echo ready; wait`;
    const running = workspace.start([...on, '--id', `killed-${process.pid}`, '-c', line]);
    await printed(running.stdout, 'ready');
    await expect.poll(() => sleepers(first, second)).toBe(2);
    running.kill('SIGKILL');
    await running;
    await expect.poll(() => sleepers(first, second)).toBe(0);
    await workspace.run([...on, '--', 'true']);
    // Any other run on this host may have been the next one, and be about it.
    if (hasCgroups) await expect.poll(() => cgroupsOf(`killed-${process.pid}`)).toEqual([]);
  });

  test('two dozen at once do not disturb each other', async () => {
    const workspace = await Workspace.create();
    const one = (index: number) => workspace.run([...on, '-c', `echo ${index}; exit ${index}`]);
    for (const round of [0, 6, 12, 18]) {
      const runs = await Promise.all([0, 1, 2, 3, 4, 5].map((index) => one(round + index)));
      const seen = runs.map(({ exitCode, stdout }) => `${exitCode ?? ''} ${stdout.trim()}`);
      expect(seen).toEqual([0, 1, 2, 3, 4, 5].map((index) => `${round + index} ${round + index}`));
    }
  });
});

const noCgroups = capability.cgroupReason ?? '';
describe.skipIf(!hasCgroups)(
  `limits in simulation${hasCgroups ? '' : ` (skipped: ${noCgroups})`}`,
  () => {
    test('are in force and read back from the kernel', async () => {
      const workspace = await Workspace.create();
      const id = `limits-${process.pid}`;
      const args = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '33', '--', 'true'];
      await workspace.run([...on, '--id', id, ...args]);
      const { limits, isolation } = await workspace.receipt();
      expect(limits.enforced).toMatchObject({
        ...{ memoryBytes: 67_108_864, memorySwapBytes: 67_108_864, cpus: 0.5, pidsLimit: 33 },
      });
      expect(isolation.notEnforced).toEqual(['image']);
      expect(await cgroupsOf(id)).toEqual([]);
    });

    test('too much memory ends a command as out of memory', async () => {
      const workspace = await Workspace.create();
      const hog = 'my $x = "x" x (256 << 20); print "survived\\n"';
      const { exitCode, stdout } = await workspace.run([
        ...on,
        ...['-m', '64m', '--', 'perl', '-e', hog],
      ]);
      const { status, evidence, task } = await workspace.receipt();
      expect({ exitCode, stdout, status }).toEqual({
        ...{ exitCode: 137, stdout: '', status: 'out-of-memory' },
      });
      expect(evidence.oomKills).toBe(1);
      expect(task?.signal).toBe('SIGKILL');
    });

    test('a child that is killed is no failure of a command that goes on', async () => {
      const workspace = await Workspace.create();
      const line = `perl -e 'my $x = "x" x (256 << 20)'; exit 0`;
      expect((await workspace.run([...on, '-m', '64m', '-c', line])).exitCode).toBe(0);
      const { status, evidence } = await workspace.receipt();
      expect({ status, oomKills: evidence.oomKills }).toEqual({ status: 'passed', oomKills: 1 });
    });

    test('no more processes than --pids-limit', async () => {
      const workspace = await Workspace.create();
      const bomb =
        'my $n = 0; while (defined(my $p = fork)) { if (!$p) { sleep 100 } $n++ } print $n';
      const args = [...on, '--pids-limit', '20', '--', 'perl', '-e', bomb];
      // The two of bubblewrap's own and the command itself count as well.
      expect((await workspace.run(args)).stdout).toBe('17');
    });

    test('no more CPU time than --cpus', async () => {
      const workspace = await Workspace.create();
      const id = `busy-${process.pid}`;
      const line = 'echo ready; while :; do :; done';
      const running = workspace.start([...on, '--id', id, '--cpus', '0.2', '-c', line]);
      await printed(running.stdout, 'ready');
      const throttled = async () => {
        const texts = (await cgroupsOf(id)).map((path) =>
          readFile(join(path, 'cpu.stat'), 'utf8').catch(() => ''),
        );
        return (await Promise.all(texts)).some((text) => /nr_throttled [1-9]/.test(text));
      };
      await expect.poll(throttled).toBe(true);
      running.kill('SIGTERM');
      expect((await finished(running)).exitCode).toBe(143);
    });
  },
);

describe('what simulation cannot do', () => {
  test('is told with the network that may have been meant', async () => {
    const workspace = await Workspace.create();
    const args = [...on, '--network', 'egres', 'true'];
    const { exitCode, stderr } = await workspace.run(args);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('simulation cannot do --network egres (did you mean egress?)');
  });

  const cases: [title: string, args: string[], names: string[]][] = [
    ['a runtime', ['--runtime', 'runsc'], ['--runtime']],
    ['capabilities', ['--cap-add', 'NET_RAW'], ['--cap-add']],
    ['security options', ['--security-opt', 'seccomp=unconfined'], ['--security-opt']],
    ['a volume', ['--mount', 'source=data,target=/data'], ['volumes']],
    ['another network', ['--network', 'mine', '--keep-entrypoint'], ['--network', '--keep-entry']],
  ];
  test.each(cases)('%s is refused before anything starts', async (_, args, names) => {
    const workspace = await Workspace.create();
    const { exitCode, stderr } = await workspace.run([...on, ...args, '--', 'touch', 'ran']);
    expect(exitCode).toBe(125);
    expect((await workspace.receipt()).error?.code).toBe('not-enforceable');
    for (const name of names) expect(stderr).toContain(name);
    expect(await readdir(workspace.path)).toEqual([]);
  });

  test('--isolation container is refused', async () => {
    const workspace = await Workspace.create();
    const args = ['--engine', 'simulation', '--isolation', 'container', '--', 'touch', 'ran'];
    expect((await workspace.run(args)).exitCode).toBe(125);
    expect((await workspace.receipt()).error?.code).toBe('isolation-too-low');
    expect(await readdir(workspace.path)).toEqual([]);
  });
});

test.skipIf(!(await canBeMade(withoutProc)))('is refused where /proc is not there', async () => {
  const workspace = await Workspace.create();
  const args = ['--engine', 'simulation', '--', 'touch', 'ran'];
  const { exitCode, stderr } = await runUnder(withoutProc, workspace, args);
  expect(exitCode).toBe(125);
  expect(stderr).toContain('simulation cannot end what a task leaves behind: /proc is not there');
  expect(await readdir(workspace.path)).toEqual([]);
});

const obstacles = [
  ['bubblewrap is not installed', withoutBubblewrap, 'Install the package bubblewrap'],
  [
    'user namespaces are forbidden (user.max_user_namespaces=0)',
    withoutUserNamespaces,
    'sudo sysctl -w user.max_user_namespaces=15000',
  ],
] as const;
const makeable = await Promise.all(obstacles.map(([, prefix]) => canBeMade(prefix)));

describe.each(obstacles.filter((_, index) => makeable[index]))(
  'where %s',
  (reason, prefix, remedy) => {
    const simulated = ['--engine', 'simulation'];

    test('the command runs at level none, and the reason and the remedy are told', async () => {
      const workspace = await Workspace.create();
      const args = [...simulated, '-c', 'echo ran; exit 3'];
      const { exitCode, stdout, stderr } = await runUnder(prefix, workspace, args);
      const { isolation, engine, limits } = await workspace.receipt();
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: 'ran\n' });
      expect(stderr).toMatch(/^sandbox: warning: [^\n]* isolation: none [^\n]*\n$/);
      for (const text of [reason, remedy, 'The command runs on this host as you']) {
        expect(stderr).toContain(text);
      }
      expect(isolation).toMatchObject({ level: 'none', simulated: true });
      expect(isolation.notEnforced).toEqual(
        expect.arrayContaining(['memory', 'network', 'file-system', 'seccomp', 'image']),
      );
      expect(engine?.product).toBe('process group');
      expect(limits.enforced).toMatchObject({ memoryBytes: null, cpus: null, pidsLimit: null });
    });

    test('--isolation namespace is refused, and so is what only bubblewrap could do', async () => {
      const workspace = await Workspace.create();
      for (const asked of [
        ['--isolation', 'namespace'],
        ['--workspace-mode', 'ro'],
        ['-v', '..:/x'],
      ]) {
        const args = [...simulated, '-q', ...asked, '--', 'touch', 'ran'];
        const { exitCode, stderr } = await runUnder(prefix, workspace, args);
        expect(exitCode).toBe(125);
        expect(stderr).toContain(reason);
        expect(stderr).toContain(remedy);
      }
      expect(await readdir(workspace.path)).toEqual([]);
    });

    test('the deadline, a missing command and background processes are as everywhere', async () => {
      const workspace = await Workspace.create();
      const seconds = uniqueSeconds();
      const line = `sleep ${seconds} & exec sleep 100`;
      const args = [...simulated, '-q', '--timeout', '1s', '-c', line];
      expect((await runUnder(prefix, workspace, args)).exitCode).toBe(124);
      expect(await sleepers(seconds)).toBe(0);
      const missing = [...simulated, '-q', '--', 'no-such-command'];
      expect((await runUnder(prefix, workspace, missing)).exitCode).toBe(127);
    });
  },
);

describe.skipIf(!hasNamespaces || !isRoot)('a caller who is not root', () => {
  test('gets the same isolation, and is told which limits are not kept', async () => {
    const workspace = await Workspace.create();
    for (const path of [workspace.root, workspace.path]) await execa('chown', ['65534', path]);
    const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const args = ['--engine', 'simulation', '-c', 'touch f; id -u; ls /root'];
    const { stdout, stderr } = await runUnder(prefix, workspace, args);
    const { isolation, limits, user } = await workspace.receipt();
    expect(stdout).toBe('65534\n');
    expect(user).toBe('65534:65534');
    expect(isolation.level).toBe('namespace');
    expect(stderr).toContain('Memory, CPU time and the number of processes are not limited.');
    expect(isolation.notEnforced).toEqual([
      ...['memory', 'memory-swap', 'cpus', 'pids-limit', 'image'],
    ]);
    expect(limits.enforced).toMatchObject({ memoryBytes: null, cpus: null, pidsLimit: null });
  });
});

/** A program that tries a TCP and an abstract socket that this process listens on. */
async function hostServices(): Promise<string> {
  const name = `sandbox-test-${process.pid}-${Math.floor(Math.random() * 1e9)}`;
  const tcp = createServer((socket) => socket.end());
  const abstract = createServer((socket) => socket.end());
  const port = await new Promise<number>((resolve) => {
    tcp.listen(0, '127.0.0.1', () => resolve((tcp.address() as { port: number }).port));
  });
  await new Promise<void>((resolve) => abstract.listen(`\0${name}`, resolve));
  onTestFinished(() => {
    tcp.close();
    abstract.close();
  });
  return [
    'use Socket;',
    'sub try_it { my ($what, $family, @addresses) = @_; my $reached = 0;',
    '  for (@addresses) { socket(my $s, $family, SOCK_STREAM, 0); $reached = 1 if connect($s, $_) }',
    '  print $what, $reached ? " reached\\n" : " refused\\n" }',
    `try_it("tcp", PF_INET, pack_sockaddr_in(${port}, inet_aton("127.0.0.1")));`,
    // Some versions of Node.js fill the name up with NUL.
    `my $name = "\\0${name}";`,
    'try_it("abstract", PF_UNIX, pack_sockaddr_un($name), pack("S a108", PF_UNIX, $name));',
  ].join('\n');
}

/** A number of seconds that is in no other process's arguments. */
function uniqueSeconds(): string {
  return `${7000 + (process.pid % 900)}.${Math.floor(Math.random() * 1e9)}`;
}

async function sleepers(...seconds: string[]): Promise<number> {
  const pattern = `^sleep (${seconds.join('|')})$`;
  const { stdout } = await execa('pgrep', ['-fc', pattern], { reject: false });
  return Number(stdout);
}

/** Cgroups of tasks with this id, of any where it is empty and this process made them. */
async function cgroupsOf(id: string): Promise<string[]> {
  const args = ['/sys/fs/cgroup', '-type', 'd', '-name', `sandbox-${id}.*`];
  // It fails where what others have there goes away meanwhile.
  const { stdout } = await execa('find', args, { reject: false });
  return stdout.split('\n').filter((line) => line !== '');
}
