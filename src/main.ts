import { runCli } from './cli/cli.ts';
import { toFailure } from './failure.ts';
import { exitCodes } from './outcome/exit-code.ts';
import { reportFailure } from './report/human.ts';

const { stdout, stderr, stdin, env, argv } = process;
const terminal = { stdout, stderr, env };
const interruptingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const cancel = new AbortController();
const force = new AbortController();

// A reader that has gone away must not crash us: whoever writes to it handles it.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

process.exitCode = await main();
await Promise.all([flushed(stdout), flushed(stderr)]);
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
  return { cancel: cancel.signal, force: force.signal };
}

function interrupt(signal: NodeJS.Signals): void {
  if (cancel.signal.aborted) force.abort(signal);
  else cancel.abort(signal);
}

/** process.exit cuts what is still buffered for a pipe. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}
