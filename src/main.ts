import { writeSync } from 'node:fs';
import { versionLine, versionWords } from './cli/version-line.ts';
import { watchTerminals } from './cli/hang-up.ts';
import { SandboxFailure, messageOf, toFailure } from './failure.ts';
import { exitCodes } from './outcome/exit-code.ts';
import { flushed } from './report/flushed.ts';
import { isReaderGone } from './report/reader-gone.ts';
import type { Terminal } from './report/terminal.ts';

const interruptingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const cancel = new AbortController();
const force = new AbortController();
const last = new AbortController();
const args = process.argv.slice(2);

// Not awaited: the single binary is CommonJS, which loads Node's own modules only when they are needed.
if (!hasToldVersion()) void live();
// Else Node would first take down, one by one, what ends with the process anyway.
else process.exit();

/** Scripts ask for it before they use a program, and to open the streams alone would take them a quarter longer. */
function hasToldVersion(): boolean {
  if (!versionWords.includes(args[0] ?? '')) return false;
  try {
    writeSync(1, versionLine());
    return true;
  } catch {
    // The streams know how to wait for a reader, and what each failure means.
    return false;
  }
}

async function live(): Promise<never> {
  const { stdout, stderr, env } = process;
  const terminal = { stdout, stderr, env };
  const terminals = watchTerminals();
  const writeErrors: Error[] = [];
  // A reader that has gone away must not crash us, and has what it wanted; a full disk is a failure.
  stderr.on('error', () => undefined);
  stdout.on('error', (error: Error) => {
    if (!isReaderGone(stdout, error)) writeErrors.push(error);
  });

  // What Node advises against in a library is nothing that a user can mend.
  process.noDeprecation = true;
  process.exitCode = await main(terminal);
  await Promise.all([flushed(stdout), flushed(stderr)]);
  const [writeError] = writeErrors;
  if (writeError && process.exitCode === 0) {
    const message = `cannot write to standard output: ${messageOf(writeError)}`;
    process.exitCode = await fail(terminal, new SandboxFailure('output-not-writable', message));
  }
  terminals.closeLost();
  // Something such as an open standard input would keep the process alive, and there is nothing left to do.
  process.exit();
}

async function main(terminal: Terminal): Promise<number> {
  try {
    const { runCli } = await import('./cli/cli.ts');
    return await runCli(args, {
      terminal,
      interrupts,
      // Opened only by a command that reads it.
      get stdin() {
        return process.stdin;
      },
    });
  } catch (error) {
    const exitCode = await fail(terminal, toFailure(error));
    if (terminal.env.SANDBOX_DEBUG && error instanceof Error)
      terminal.stderr.write(`${error.stack ?? ''}\n`);
    return exitCode;
  } finally {
    // Only what has been printed is still on its way: an interrupt ends us now.
    for (const signal of interruptingSignals) process.removeListener(signal, interrupt);
  }
}

async function fail(terminal: Terminal, failure: SandboxFailure): Promise<number> {
  try {
    const { reportFailure } = await import('./report/human.ts');
    reportFailure(terminal, failure);
  } catch {
    // No file can be opened any more, our own neither.
    terminal.stderr.write(`sandbox: ${failure.message}\n${failure.hint ?? ''}\n`);
  }
  return exitCodes.sandboxFailed;
}

function interrupts() {
  for (const signal of interruptingSignals) process.on(signal, interrupt);
  return { cancel: cancel.signal, force: force.signal, last: last.signal };
}

function interrupt(signal: NodeJS.Signals): void {
  const next = [cancel, force, last].find((controller) => !controller.signal.aborted);
  next?.abort(signal);
}
