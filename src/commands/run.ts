import { SandboxFailure } from '../failure.ts';
import { exitCodes } from '../outcome/exit-code.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { type Verbosity, reportEnding, reportEvent, reportFailure } from '../report/human.ts';
import { RawTerminal } from '../report/callers-terminal.ts';
import { reportOpening } from '../report/opening-line.ts';
import { ProgressReport } from '../report/progress.ts';
import { receiverFor } from '../report/terminal.ts';
import type { RunEvent } from '../run/event.ts';
import { runTask } from '../run/run-task.ts';
import { currentCaller } from '../spec/host-path.ts';
import { resolveSpec } from '../spec/resolve-spec.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { Command, CommandArgs, CommandContext } from './command.ts';
import { dryRun } from './dry-run.ts';
import { outputFlags } from './flags.ts';
import { taskRequest } from './task-request.ts';

/** `sandbox run`: one task, and its exit code. */
export const run: Command = async (args, context) => {
  const isJson = args.values[outputFlags.json.name] === true;
  try {
    const sources = { caller: currentCaller(), ambient: true };
    const spec = await resolveSpec(taskRequest(args), sources);
    if (args.values[outputFlags.dryRun.name] === true) {
      return await dryRun(spec, { args, isJson, stdout: context.terminal.stdout });
    }
    return await runAndReport(spec, { args, context, isJson });
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    if (isJson) context.terminal.stdout.write(jsonText(failureJson(error)));
    reportFailure(context.terminal, error);
    return exitCodes.sandboxFailed;
  }
};

interface RunCall {
  readonly args: CommandArgs;
  readonly context: CommandContext;
  readonly isJson: boolean;
}

/** A task that has a terminal gets the caller's. */
export async function runAndReport(
  spec: TaskSpec,
  { args, context, isJson }: RunCall,
): Promise<number> {
  const { terminal } = context;
  const verbosity: Verbosity = {
    quiet: args.values[outputFlags.quiet.name] === true,
    verbose: args.values[outputFlags.verbose.name] === true,
  };
  const progress = new ProgressReport(terminal, verbosity);
  const onEvent = (event: RunEvent) => {
    if (event.kind === 'image') progress.show(event.progress);
    // Whatever else is said, and the task's own output, stands on lines of its own.
    else progress.clear();
    if (event.kind === 'ready' && spec.tty && !verbosity.quiet) {
      reportOpening(terminal, spec, event.facts);
    }
    reportEvent(terminal, event, verbosity);
  };
  const receipt = await runTask(spec, {
    stdin: spec.stdin ? context.stdin : null,
    onStdout: isJson ? null : receiverFor(terminal.stdout),
    onStderr: isJson ? null : receiverFor(terminal.stderr),
    onEvent,
    ...(spec.tty ? { terminal: new RawTerminal(context.stdin, terminal.stdout) } : {}),
    env: terminal.env,
    ...context.interrupts(),
  }).finally(() => progress.close());
  if (isJson) terminal.stdout.write(jsonText(receipt));
  reportEnding(terminal, { receipt, path: spec.receiptPath }, verbosity);
  return receipt.exitCode;
}
