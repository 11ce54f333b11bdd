import { randomInt } from 'node:crypto';
import { chown } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ShellPlace, describeSimulatedShell, processesThatCarry, ready } from '../helpers/shell.ts';
import { canBeMade, hasNamespaces, inPlaceOf } from '../helpers/simulation.ts';
import { TestTerminal } from '../helpers/terminal.ts';
import { Workspace } from '../helpers/workspace.ts';

const withScript = (program: string) => inPlaceOf('/usr/bin/script', program);
const canHide = await canBeMade(withScript('/bin/false'));

const hostileWords = [
  ...['a b', '', "'", '"', '\\', '$HOME', '$(touch /tmp/injected)', '`id`', '${x:-y}', '*', '~'],
  ...['; exit 9', '\n', '-e', '--', '\u00e9\u{1f600}', '"; exit 8 #', '$SANDBOX_TERMINAL_WORDS'],
];

describeSimulatedShell('sandbox shell', (place) => {
  test('the words of the command are what was given, whatever is in them', async () => {
    const show = ['perl', '-e', 'print join("|", map { unpack("H*", $_) } @ARGV), "\\n"'];
    const { workspace, terminal } = await place.open(['-q', '--', ...show, ...hostileWords]);
    expect((await terminal.ended()).exitCode).toBe(0);
    const expected = hostileWords.map((word) => Buffer.from(word).toString('hex')).join('|');
    expect((await workspace.receipt()).stdout.text).toBe(`${expected}\r\n`);
  });

  test('one that ends what makes its terminal has not passed', async () => {
    const line = 'kill -TERM $PPID; sleep 60; exit 7';
    const { workspace, terminal } = await place.open(['-q', '--', 'sh', '-c', line]);
    expect((await terminal.ended()).exitCode).toBe(125);
    const { status, task, stderr, error } = await workspace.receipt();
    expect([status, task, stderr.bytes]).toEqual(['engine-failed', null, 0]);
    expect(error?.message).toContain('the terminal of the task was ended');
  });

  test('hundreds of words arrive, too', async () => {
    const words = Array.from({ length: 800 }, (_, at) => String(at));
    const { workspace, terminal } = await place.open(['-q', '--', 'echo', ...words]);
    expect((await terminal.ended()).exitCode).toBe(0);
    expect((await workspace.receipt()).stdout.text).toBe(`${words.join(' ')}\r\n`);
  });

  test.each([[[]], [['SHELL=/bin/false']], [['PWD=/', 'SHLVL=5']]])(
    'the variables are those that a command gets, and TERM (%s)',
    async (given) => {
      const show = ['--', 'perl', '-e', 'print map { "$_\n" } sort keys %ENV'];
      const set = given.flatMap((variable) => ['-e', variable]);
      const { workspace, terminal } = await place.open(['-q', ...set, ...show]);
      await terminal.ended();
      const names = ((await workspace.receipt()).stdout.text ?? '').trim().split('\r\n');
      const ofEvery = ['HOME', 'LOGNAME', 'MARK', 'PATH', 'TERM', 'USER'];
      const ofPlain = place.level === 'none' ? ['SANDBOX_TASK', 'TMPDIR'] : [];
      const asked = given.map((variable) => variable.replace(/=.*/, ''));
      expect(names).toEqual([...ofEvery, ...ofPlain, ...asked].sort());
    },
  );

  test('SHELL is the one that was given', async () => {
    const show = ['--', 'sh', '-c', 'echo "$SHELL"'];
    const { workspace, terminal } = await place.open(['-q', '-e', 'SHELL=/bin/false', ...show]);
    expect((await terminal.ended()).exitCode).toBe(0);
    expect((await workspace.receipt()).stdout.text).toBe('/bin/false\r\n');
  });

  test('a variable that would be lost on the way is refused', async () => {
    const { workspace, terminal } = await place.open(['-e', 'a.b=1', '-e', 'IFS=:']);
    expect((await terminal.ended()).exitCode).toBe(125);
    expect(terminal.screen).toContain('--env a.b at a terminal, --env IFS at a terminal');
    expect((await workspace.receipt()).error?.code).toBe('not-enforceable');
  });

  test('a command that cannot be executed is no sandbox', async () => {
    const opened = await place.open(['--', './plain'], { plain: 'text' });
    expect((await opened.terminal.ended()).exitCode).toBe(126);
    expect((await opened.workspace.receipt()).error?.code).toBe('command-not-executable');
    await place.nothingLeft(opened);
  });

  test('what the command leaves behind ends with it, whatever it calls itself', async () => {
    const seconds = `4711.${randomInt(1e9)}`;
    const stays = `(trap "" HUP; exec env -i sleep ${seconds}) & echo $!`;
    const opened = await place.open(['--', 'env', '-i', 'PATH=/usr/bin:/bin', 'sh', '-c', stays]);
    expect((await opened.terminal.ended()).exitCode).toBe(0);
    await place.nothingLeft(opened);
    expect(await processesThatCarry(seconds)).toEqual([]);
  });

  test('who kills what makes the terminal ends the task, and nothing else', async () => {
    const opened = await place.atPrompt();
    const { workspace, terminal } = opened;
    terminal.type('kill -KILL $PPID\r');
    const { exitCode, modes } = await terminal.ended();
    expect([exitCode, modes.after]).toEqual([137, modes.before]);
    expect((await workspace.receipt()).status).toBe('failed');
    await place.nothingLeft(opened);
  });

  test('the end of the output is there, however short the command', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { workspace, terminal } = await place.open(['-q', '--', 'seq', '20000']);
      expect((await terminal.ended()).exitCode).toBe(0);
      const { stdout } = await workspace.receipt();
      expect(stdout.bytes).toBe(128_894);
      expect(stdout.text?.endsWith('19999\r\n20000\r\n')).toBe(true);
    }
  });

  test.skipIf(!canHide).each(['/dev/null', '/bin/busybox', '/bin/false'])(
    'without the script(1) of util-linux (%s) nothing starts, and what to do is said',
    async (program) => {
      const { workspace, terminal } = await place.under(withScript(program)).open();
      const { exitCode, modes } = await terminal.ended();
      expect([exitCode, modes.after]).toEqual([125, modes.before]);
      expect(terminal.screen).toContain('simulation needs script(1) of util-linux');
      expect(await workspace.receipt()).toMatchObject({
        ...{ status: 'not-started', tty: true },
        error: { code: 'not-enforceable' },
      });
    },
  );
});

describe.skipIf(!hasNamespaces)('[simulation, namespace] sandbox shell', () => {
  const place = new ShellPlace('namespace');

  test('no terminal but its own is there, and it cannot be typed into', async () => {
    const inject = 'my $key = "x"; ioctl(STDIN, 0x5412, $key) or print "refused: $!\\n"';
    const line = `ls /dev/pts; perl -e '${inject}'`;
    const { workspace, terminal } = await place.open(['-q', '--', 'sh', '-c', line]);
    await terminal.ended();
    const { stdout } = await workspace.receipt();
    expect(stdout.text).toBe('0  ptmx\r\nrefused: Operation not permitted\r\n');
  });

  test('a sandbox that is killed takes its shell with it', async () => {
    const { terminal, mark } = await place.atPrompt();
    terminal.type("trap '' HUP; (trap '' HUP; echo rea''dy; sleep 1000)\r");
    await terminal.shows(ready);
    await terminal.signal('SIGKILL');
    await expect.poll(() => processesThatCarry(mark)).toEqual([]);
  });

  test('what is mounted over script(1) is no reason to go without a terminal', async () => {
    const { terminal } = await place.open(['--tmpfs', '/usr/bin', '--', '/bin/true']);
    expect((await terminal.ended()).exitCode).toBe(125);
    expect(terminal.screen).toContain('is not in the sandbox');
  });

  test.skipIf(process.getuid?.() !== 0)('a caller who is not root has all of it', async () => {
    const workspace = await Workspace.create();
    for (const path of [workspace.root, workspace.path]) await chown(path, 65534, 65534);
    const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const args = ['--engine', 'simulation', '--timeout', '60s'];
    const terminal = new TestTerminal(workspace, args, { under });
    await terminal.shows('$ ');
    terminal.type("PS1=rea''dy:; id -u\r");
    await terminal.shows('65534');
    await terminal.resize(123, 45);
    terminal.type('until [ "$(stty size)" = "45 123" ]; do sleep 0.1; done; exit 9\r');
    expect((await terminal.ended()).exitCode).toBe(9);
    expect((await workspace.receipt()).isolation.level).toBe('namespace');
  });
});
