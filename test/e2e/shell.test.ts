import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { httpStatusOf } from '../../src/engine/docker/engine-failure.ts';
import { runCli } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { listenOn, toRealEngine } from '../helpers/listening.ts';
import { ShellPlace, describeShell, ready } from '../helpers/shell.ts';
import { Workspace } from '../helpers/workspace.ts';

const waitMs = { timeout: 60_000 };

function ignoreGone(error: unknown): void {
  if (![404, 409].includes(httpStatusOf(error) ?? 0)) throw error;
}

describeShell('sandbox shell', (place) => {
  test('is a terminal of the same size, runs bash, and tells the exit code', async () => {
    const opened = await place.atPrompt();
    const { workspace, terminal } = opened;
    terminal.type('tty; stty size; echo "$TERM $BASH"; exit 7\r');
    const { exitCode, modes } = await terminal.ended();
    expect(terminal.screen).toMatch(/\/dev\/pts\/\d+\r+\n33 91\r+\nxterm \/bin\/bash\r+\n/);
    expect(exitCode).toBe(7);
    expect(modes.after).toBe(modes.before);
    const receipt = await workspace.receipt();
    expect(receipt).toMatchObject({
      ...{ status: 'failed', exitCode: 7, tty: true, environment: ['TERM', 'MARK'] },
      limits: { requested: { timeoutMs: null } },
      stderr: { text: '', bytes: 0 },
    });
    expect(receipt.stdout.text).toContain('33 91\r\nxterm /bin/bash\r\n');
    await place.nothingLeft(opened);
  });

  test('says at first where one is, and at the end what became of it', async () => {
    const { workspace, terminal } = await place.open(['--timeout', '1h', '--', 'true']);
    await terminal.ended();
    const { id, image, network } = await workspace.receipt();
    const where = `${image?.reference ?? "this host's programs"}, isolation ${place.level}`;
    expect(terminal.screen).toContain(`sandbox: ${where}`);
    expect(terminal.screen).toContain(
      `network ${network.name} · 512m, 1 CPU, 256 processes, ends after 1h`,
    );
    expect(terminal.screen).toMatch(new RegExp(`sandbox: passed in .* · receipt .*${id}.json`));
  });

  test('the size follows the window', async () => {
    const { terminal } = await place.atPrompt();
    await terminal.resize(123, 45);
    terminal.type('until [ "$(stty size)" = "45 123" ]; do sleep 0.1; done; exit 9\r');
    expect((await terminal.ended()).exitCode).toBe(9);
  });

  test('Ctrl-C ends what runs inside, not the sandbox; Ctrl-D leaves', async () => {
    const { terminal } = await place.atPrompt();
    // Said by the job itself: the shell's own `echo` comes before the job is in the foreground.
    terminal.type('sh -c "echo slee\'\'ping; exec sleep 1000"\r');
    await terminal.shows('sleeping');
    terminal.type('\u0003');
    await terminal.shows(ready);
    terminal.type("echo ended wi''th $?\r");
    await terminal.shows('ended with 130');
    // Before its prompt a shell's terminal gathers lines, and keeps a Ctrl-D as a zero byte: read at the prompt,
    // that is no Ctrl-D any more, in any terminal.
    await terminal.shows(ready);
    terminal.type('\u0004');
    expect((await terminal.ended()).exitCode).toBe(0);
  });

  test('Ctrl-C is for the command, which may have an answer to it', async () => {
    const line = "trap 'echo caught; exit 5' INT; echo rea''dy; while :; do sleep 0.1; done";
    const { terminal } = await place.open(['--', 'sh', '-c', line]);
    await terminal.shows(ready);
    terminal.type('\u0003');
    await terminal.shows('caught');
    expect((await terminal.ended()).exitCode).toBe(5);
  });

  test('Ctrl-P and Ctrl-Q reach the task', async () => {
    const { terminal } = await place.open([
      '--',
      'sh',
      '-c',
      "stty raw -echo; echo re''ady; head -c 2 | od -c",
    ]);
    await terminal.shows(ready);
    terminal.type('\u0010\u0011');
    await terminal.shows('020 021');
    expect((await terminal.ended()).exitCode).toBe(0);
  });

  test('what is shown is what the task printed, byte for byte', async () => {
    const { workspace, terminal } = await place.open([
      '-q',
      '--',
      'sh',
      '-c',
      "stty -opost; printf 'a\\nb\\nc'",
    ]);
    await terminal.ended();
    // A terminal that adds a carriage return breaks what moves the cursor down.
    expect(terminal.screen).toBe('a\nb\nc');
    expect((await workspace.receipt()).stdout.text).toBe('a\nb\nc');
  });

  test('the deadline ends it, and the terminal is as it was', async () => {
    const opened = await place.open(['--timeout', '2s', '--kill-after', '50s']);
    const { workspace, terminal } = opened;
    const { exitCode, modes } = await terminal.ended();
    expect(exitCode).toBe(124);
    expect(modes.after).toBe(modes.before);
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.signalsSent.map(({ signal }) => signal)]).toEqual([
      'timed-out',
      ['SIGHUP'],
    ]);
    expect(terminal.screen).toContain('timed out after');
    await place.nothingLeft(opened);
  });

  test('whoever is deaf to the hangup is killed after the grace', async () => {
    const deaf = ['--', 'sh', '-c', "trap '' HUP; while :; do sleep 0.1; done"];
    const opened = await place.open(['--timeout', '1s', '--kill-after', '1s', ...deaf]);
    const { exitCode, modes } = await opened.terminal.ended();
    expect([exitCode, modes.after]).toEqual([124, modes.before]);
    const { evidence } = await opened.workspace.receipt();
    expect(evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGHUP', 'SIGKILL']);
    await place.nothingLeft(opened);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s ends it, and the terminal is as it was', async (signal, code) => {
    const opened = await place.atPrompt(['--kill-after', '50s']);
    const { workspace, terminal } = opened;
    await terminal.signal(signal);
    const { exitCode, modes } = await terminal.ended();
    expect(exitCode).toBe(code);
    expect(modes.after).toBe(modes.before);
    expect(await workspace.receipt()).toMatchObject({
      status: 'cancelled',
      evidence: { cancelledBy: signal },
    });
    await place.nothingLeft(opened);
  });

  test('what a killed program left switched on at the terminal is switched off', async () => {
    const draw = String.raw`printf '\033[?1049h\033[?1000;1006h\033[?25l\033[?2004h'`;
    const line = `${draw}; echo dra''wn; exec sleep 1000`;
    const { terminal } = await place.open(['--', 'sh', '-c', line]);
    await terminal.shows('drawn');
    await terminal.signal('SIGTERM');
    expect((await terminal.ended()).exitCode).toBe(143);
    const [, end = ''] = terminal.screen.split('drawn');
    const undone = ['[?1049l', '[?1000l', '[?1006l', '[?25h', '[?2004l'].map((part) => {
      return end.indexOf(`\u001b${part}`);
    });
    const lastWord = end.indexOf('cancelled by');
    expect(undone.every((at) => at !== -1 && at < lastWord)).toBe(true);
  });

  test('a window that is closed ends it', async () => {
    const id = `closed-window-${process.pid}`;
    const opened = await place.atPrompt(['--kill-after', '50s', '--id', id]);
    const { workspace, terminal } = opened;
    terminal.close();
    const names = () => workspace.receiptNames();
    await vi.waitUntil(async () => (await names()).join() === `${id}.json`, waitMs);
    expect((await workspace.receipt()).status).toBe('cancelled');
    await place.nothingLeft(opened);
  });

  test('stopped and continued, it has its terminal again', async () => {
    const { terminal } = await place.atPrompt();
    await terminal.signal('SIGTSTP');
    await terminal.stopped();
    expect(await terminal.modes()).toContain('icanon');
    await terminal.signal('SIGCONT');
    terminal.type("echo ba''ck; exit\r");
    await terminal.shows('back');
    const { exitCode, modes } = await terminal.ended();
    expect([exitCode, modes.after]).toEqual([0, modes.before]);
  });

  test('a command that is not there', async () => {
    const { workspace, terminal } = await place.open(['--', 'nonexistent-program']);
    expect((await terminal.ended()).exitCode).toBe(127);
    expect((await workspace.receipt()).error?.code).toBe('command-not-found');
    expect(terminal.screen).not.toContain('tini');
  });
});

describeOn('docker', 'sandbox shell', () => {
  const place = new ShellPlace('container');

  test('an engine that goes away gives the terminal back, too', async () => {
    const between = await listenOn(createServer({ allowHalfOpen: true }, toRealEngine));
    onTestFinished(between.close);
    const host = `tcp://127.0.0.1:${between.port}`;
    const id = `lost-engine-${process.pid}`;
    const { workspace, terminal } = await place.atPrompt(['--host', host, '--id', id]);
    onTestFinished(async () => {
      // Its owner has ended: any run on this engine may have removed it, or be about it.
      await docker.getContainer(`sandbox-${id}`).remove({ force: true }).catch(ignoreGone);
    });
    await between.close();
    const { exitCode, modes } = await terminal.ended();
    expect([exitCode, modes.after]).toEqual([125, modes.before]);
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.mayStillRun]).toEqual(['engine-failed', true]);
    // Lines of ours begin at the left again.
    expect(terminal.screen).toMatch(/went away.*\r\n/);
  });
});

describe('sandbox shell is refused', () => {
  const shell = async (args: readonly string[]) => {
    const workspace = await Workspace.create();
    const ended = await runCli(['shell', ...args], { cwd: workspace.path, input: '' });
    await expect(access(join(workspace.root, 'app.receipts'))).rejects.toThrow('ENOENT');
    return ended;
  };

  test('without a terminal, and sandbox run is named', async () => {
    const { exitCode, stdout, stderr } = await shell([]);
    expect([exitCode, stdout]).toEqual([125, '']);
    expect(stderr).toContain(
      'standard input   expected a terminal, found none; without one use: sandbox run',
    );
    expect(stderr).toContain('standard output  expected a terminal');
  });

  test('with --json', async () => {
    const { exitCode, stderr } = await shell(['--json']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('--json           sandbox shell has no --json');
    expect(stderr).toMatch(/^See: sandbox shell --help$/m);
  });

  test('but --dry-run needs no terminal', async () => {
    const { exitCode, stdout, stderr } = await shell(['--dry-run', '-it']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stdin: true });
    expect(stderr).toContain('--interactive --tty');
  });

  test('and run says where terminals are', async () => {
    const workspace = await Workspace.create();
    const { exitCode, stderr } = await workspace.run(['-it', '--', 'true']);
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('`sandbox shell`')]);
  });
});
