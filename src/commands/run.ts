import { SandboxFailure } from '../failure.ts';
import { exitCodes } from '../outcome/exit-code.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { type Verbosity, reportEnding, reportFailure } from '../report/human.ts';
import { RawTerminal } from '../report/callers-terminal.ts';
import { RunReport } from '../report/run-report.ts';
import { receiverFor } from '../report/terminal.ts';
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
      return await dryRun(spec, { args, isJson, terminal: context.terminal });
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
  const report = new RunReport(terminal, spec, verbosity);
  const interrupts = context.interrupts();
  report.watch(interrupts);
  const screen = spec.tty ? new RawTerminal(context.stdin, terminal.stdout) : null;
  const show = isJson ? null : receiverFor(terminal.stdout);
  const receipt = await runTask(spec, {
    stdin: spec.stdin ? context.stdin : null,
    onStdout: show && (screen?.watched(show) ?? show),
    onStderr: isJson ? null : receiverFor(terminal.stderr),
    onEvent: report.onEvent,
    ...(screen ? { terminal: screen } : {}),
    env: terminal.env,
    ...interrupts,
  }).finally(() => report.close());
  if (isJson) terminal.stdout.write(jsonText(receipt));
  reportEnding(terminal, { receipt, path: spec.receiptPath }, verbosity);
  return receipt.exitCode;
}
