import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { containersOf, describeOn, docker } from '../helpers/engines.ts';
import { listenOn, toRealEngine } from '../helpers/listening.ts';
import { TestTerminal } from '../helpers/terminal.ts';
import { Workspace } from '../helpers/workspace.ts';

const waitMs = { timeout: 60_000 };
/** Printed by the shell inside, and in no line that was typed. */
const ready = 'ready';
const sayReady = "stty -echo; PS1=rea''dy:\r";

describeOn('docker', 'sandbox shell', () => {
  async function open(args: readonly string[] = []) {
    const workspace = await Workspace.create();
    const on = ['--engine', 'docker', '--network', 'none', ...args];
    return { workspace, terminal: new TestTerminal(workspace, on) };
  }

  async function atPrompt(args: readonly string[] = []) {
    const opened = await open(args);
    await opened.terminal.shows('# ');
    opened.terminal.type(sayReady);
    await opened.terminal.shows(ready);
    return opened;
  }

  async function expectNothingLeft(workspace: Workspace): Promise<void> {
    expect(await containersOf((await workspace.receipt()).id)).toEqual([]);
  }

  test('is a terminal of the same size, runs bash, and tells the exit code', async () => {
    const { workspace, terminal } = await atPrompt();
    terminal.type('tty; stty size; echo "$TERM $BASH"; exit 7\r');
    const { exitCode, modes } = await terminal.ended();
    expect(terminal.screen).toMatch(/\/dev\/pts\/\d+\r+\n33 91\r+\nxterm \/bin\/bash\r+\n/);
    expect(exitCode).toBe(7);
    expect(modes.after).toBe(modes.before);
    const receipt = await workspace.receipt();
    expect(receipt).toMatchObject({
      ...{ status: 'failed', exitCode: 7, tty: true, environment: ['TERM'] },
      limits: { requested: { timeoutMs: null } },
      stderr: { text: '', bytes: 0 },
    });
    expect(receipt.stdout.text).toContain('33 91\r\nxterm /bin/bash\r\n');
    await expectNothingLeft(workspace);
  });

  test('says at first where one is, and at the end what became of it', async () => {
    const { workspace, terminal } = await open(['--timeout', '1h', '--', 'true']);
    await terminal.ended();
    const { id, image } = await workspace.receipt();
    expect(terminal.screen).toContain(`sandbox: ${image?.reference ?? '?'}, isolation container`);
    expect(terminal.screen).toContain('network none · 512m, 1 CPU, 256 processes, ends after 1h');
    expect(terminal.screen).toMatch(new RegExp(`sandbox: passed in .* · receipt .*${id}.json`));
  });

  test('the size follows the window', async () => {
    const { terminal } = await atPrompt();
    await terminal.resize(123, 45);
    terminal.type('until [ "$(stty size)" = "45 123" ]; do sleep 0.1; done; exit 9\r');
    expect((await terminal.ended()).exitCode).toBe(9);
  });

  test('Ctrl-C ends what runs inside, not the sandbox; Ctrl-D leaves', async () => {
    const { terminal } = await atPrompt();
    // Said by the job itself: the shell's own `echo` comes before the job is in the foreground.
    terminal.type('sh -c "echo slee\'\'ping; exec sleep 1000"\r');
    await terminal.shows('sleeping');
    terminal.type('\u0003');
    await terminal.shows(ready);
    terminal.type("echo ended wi''th $?\r");
    await terminal.shows('ended with 130');
    terminal.type('\u0004');
    expect((await terminal.ended()).exitCode).toBe(0);
  });

  test('Ctrl-P and Ctrl-Q reach the task', async () => {
    const { terminal } = await open([
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
    const { workspace, terminal } = await open([
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
    const { workspace, terminal } = await open(['--timeout', '2s', '--kill-after', '50s']);
    const { exitCode, modes } = await terminal.ended();
    expect(exitCode).toBe(124);
    expect(modes.after).toBe(modes.before);
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.signalsSent.map(({ signal }) => signal)]).toEqual([
      'timed-out',
      ['SIGHUP'],
    ]);
    expect(terminal.screen).toContain('timed out after');
    await expectNothingLeft(workspace);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s ends it, and the terminal is as it was', async (signal, code) => {
    const { workspace, terminal } = await atPrompt(['--kill-after', '50s']);
    await terminal.signal(signal);
    const { exitCode, modes } = await terminal.ended();
    expect(exitCode).toBe(code);
    expect(modes.after).toBe(modes.before);
    expect(await workspace.receipt()).toMatchObject({
      status: 'cancelled',
      evidence: { cancelledBy: signal },
    });
    await expectNothingLeft(workspace);
  });

  test('a window that is closed ends it', async () => {
    const { workspace, terminal } = await atPrompt([
      '--kill-after',
      '50s',
      '--id',
      'closed-window',
    ]);
    terminal.close();
    const names = () => workspace.receiptNames();
    await vi.waitUntil(async () => (await names()).join() === 'closed-window.json', waitMs);
    expect((await workspace.receipt()).status).toBe('cancelled');
    await expectNothingLeft(workspace);
  });

  test('stopped and continued, it has its terminal again', async () => {
    const { terminal } = await atPrompt();
    await terminal.signal('SIGTSTP');
    await terminal.stopped();
    expect(await terminal.modes()).toContain('icanon');
    await terminal.signal('SIGCONT');
    terminal.type("echo ba''ck; exit\r");
    await terminal.shows('back');
    const { exitCode, modes } = await terminal.ended();
    expect([exitCode, modes.after]).toEqual([0, modes.before]);
  });

  test('an engine that goes away gives the terminal back, too', async () => {
    const between = await listenOn(createServer({ allowHalfOpen: true }, toRealEngine));
    onTestFinished(between.close);
    const host = `tcp://127.0.0.1:${between.port}`;
    const { workspace, terminal } = await atPrompt(['--host', host, '--id', 'lost-engine']);
    onTestFinished(() => docker.getContainer('sandbox-lost-engine').remove({ force: true }));
    await between.close();
    const { exitCode, modes } = await terminal.ended();
    expect([exitCode, modes.after]).toEqual([125, modes.before]);
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.mayStillRun]).toEqual(['engine-failed', true]);
    // Lines of ours begin at the left again.
    expect(terminal.screen).toMatch(/went away.*\r\n/);
  });

  test('a command that is not there', async () => {
    const { workspace, terminal } = await open(['--', 'nonexistent-program']);
    expect((await terminal.ended()).exitCode).toBe(127);
    expect((await workspace.receipt()).error?.code).toBe('command-not-found');
    expect(terminal.screen).not.toContain('tini');
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

  test('in simulation, which has none to give, and the terminal is as it was', async () => {
    const workspace = await Workspace.create();
    const terminal = new TestTerminal(workspace, ['--engine', 'simulation']);
    const { exitCode, modes } = await terminal.ended();
    expect([exitCode, modes.after]).toEqual([125, modes.before]);
    expect(terminal.screen).toContain('simulation cannot give a task a terminal of its own');
    expect(terminal.screen).toContain('sandbox run');
    expect(await workspace.receipt()).toMatchObject({
      tty: true,
      error: { code: 'not-enforceable' },
    });
  });

  test('with --json', async () => {
    const { exitCode, stderr } = await shell(['--json']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('--json           sandbox shell has no --json');
    expect(stderr).toMatch(/^See: sandbox shell --help$/m);
  });

  test('but --dry-run needs no terminal', async () => {
    const { exitCode, stdout } = await shell(['--dry-run', '-it']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--interactive --tty');
  });

  test('and run says where terminals are', async () => {
    const workspace = await Workspace.create();
    const { exitCode, stderr } = await workspace.run(['-it', '--', 'true']);
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('`sandbox shell`')]);
  });
});
