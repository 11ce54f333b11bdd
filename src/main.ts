import { runCli } from './cli/cli.ts';
import { SandboxFailure, errnoOf, messageOf, toFailure } from './failure.ts';
import { exitCodes } from './outcome/exit-code.ts';
import { reportFailure } from './report/human.ts';

const { stdout, stderr, stdin, env, argv } = process;
const terminal = { stdout, stderr, env };
const interruptingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const cancel = new AbortController();
const force = new AbortController();
const last = new AbortController();

const writeErrors: Error[] = [];

// A reader that has gone away must not crash us, and has what it wanted; a full disk is a failure.
stderr.on('error', () => undefined);
stdout.on('error', (error: Error) => {
  if (errnoOf(error) !== 'EPIPE') writeErrors.push(error);
});

process.exitCode = await main();
await Promise.all([flushed(stdout), flushed(stderr)]);
const [writeError] = writeErrors;
if (writeError && process.exitCode === 0) {
  process.exitCode = exitCodes.sandboxFailed;
  const message = `cannot write to standard output: ${messageOf(writeError)}`;
  reportFailure(terminal, new SandboxFailure('output-not-writable', message));
}
// Something such as an open standard input would keep the process alive, and there is nothing left to do.
process.exit();

async function main(): Promise<number> {
  try {
    return await runCli(argv.slice(2), { terminal, stdin, interrupts });
  } catch (error) {
    reportFailure(terminal, toFailure(error));
    if (env.SANDBOX_DEBUG && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
    return exitCodes.sandboxFailed;
  } finally {
    // Only what has been printed is still on its way: an interrupt ends us now.
    for (const signal of interruptingSignals) process.removeListener(signal, interrupt);
  }
}

function interrupts() {
  for (const signal of interruptingSignals) process.on(signal, interrupt);
  return { cancel: cancel.signal, force: force.signal, last: last.signal };
}

function interrupt(signal: NodeJS.Signals): void {
  const next = [cancel, force, last].find((controller) => !controller.signal.aborted);
  next?.abort(signal);
}

/** process.exit cuts what is still buffered for a pipe. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}
