import { expect, test } from 'vitest';
import { finished, printed } from '../helpers/cli.ts';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { TestTerminal } from '../helpers/terminal.ts';
import { Workspace } from '../helpers/workspace.ts';

const deaf = 'trap "echo got" INT; echo ready; while :; do sleep 0.1; done';
const note = 'sandbox: interrupted: the task has 1h to end (interrupt again to kill it)';

describeOnAll('a task at a terminal that goes on after Ctrl-C', (engine) => {
  const on = chosen(engine);

  async function atTerminal(args: readonly string[]) {
    const workspace = await Workspace.create();
    const terminal = new TestTerminal(workspace, [...on, ...args], { command: 'run' });
    await terminal.shows('ready');
    await terminal.signal('SIGINT');
    return { workspace, terminal };
  }

  test('is said to, with what the next one does', async () => {
    const { terminal } = await atTerminal(['-k', '1h', '-c', deaf]);
    await terminal.shows(note);
    await terminal.signal('SIGINT');
    expect((await terminal.ended()).exitCode).toBe(130);
    expect(terminal.screen.split('interrupted').length).toBe(2);
  });

  test('needs no such word where it ends at once, nor with --quiet', async () => {
    const soon = await atTerminal(['-k', '1h', '-c', 'echo ready; exec sleep 100']);
    expect((await soon.terminal.ended()).exitCode).toBe(130);
    const { timing, evidence } = await soon.workspace.receipt();
    const goneMs = (timing.durationMs ?? 0) - (evidence.signalsSent[0]?.afterMs ?? 0);
    // A busy engine may take longer to end it than anybody should wait without a word.
    if (goneMs < 900) expect(soon.terminal.screen).not.toContain('interrupted');
    const quiet = await atTerminal(['-q', '-k', '2s', '-c', deaf]);
    expect((await quiet.terminal.ended()).exitCode).toBe(130);
    expect(quiet.terminal.screen).not.toContain('interrupted');
  });

  test('is none where there is no terminal', async () => {
    const workspace = await Workspace.create();
    const running = workspace.start([...on, '-k', '2s', '-c', deaf]);
    await printed(running.stdout, 'ready');
    running.kill('SIGINT');
    const { exitCode, stderr } = await finished(running);
    expect(exitCode).toBe(130);
    expect(stderr).not.toContain('interrupted');
  });
});
