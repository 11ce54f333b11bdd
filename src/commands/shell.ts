import { isatty } from 'node:tty';
import { SandboxFailure, type Problem } from '../failure.ts';
import { exitCodes } from '../outcome/exit-code.ts';
import { reportFailure } from '../report/human.ts';
import { terminalSize } from '../report/callers-terminal.ts';
import { currentCaller } from '../spec/host-path.ts';
import { type TaskRequest, resolveSpec } from '../spec/resolve-spec.ts';
import type { Command, CommandArgs, CommandContext } from './command.ts';
import { dryRun } from './dry-run.ts';
import { outputFlags } from './flags.ts';
import { runAndReport } from './run.ts';
import { taskRequest } from './task-request.ts';

/** `sandbox shell`: a terminal in a sandbox, and the exit code of what ran there. */
export const shell: Command = async (args, context) => {
  const { terminal } = context;
  try {
    const spec = await resolveSpec(shellRequest(args, context), {
      caller: currentCaller(),
      ambient: true,
      hint: 'See: sandbox shell --help',
    });
    if (isDryRun(args)) return await dryRun(spec, { args, isJson: false, terminal });
    return await runAndReport(spec, { args, context, isJson: false });
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    reportFailure(terminal, error);
    return exitCodes.sandboxFailed;
  }
};

function shellRequest(args: CommandArgs, { terminal }: CommandContext): TaskRequest {
  return {
    ...taskRequest(args),
    stdin: true,
    tty: terminalSize(terminal.stdout),
    problems: [
      ...args.problems.map(explained),
      // To look at what would run, none is needed.
      ...(isDryRun(args) ? [] : terminalProblems()),
    ],
  };
}

function isDryRun({ values }: CommandArgs): boolean {
  return values[outputFlags.dryRun.name] === true;
}

function terminalProblems(): Problem[] {
  const message = 'expected a terminal, found none; without one use: sandbox run';
  const streams = ['standard input', 'standard output'];
  return streams.filter((_, fd) => !isatty(fd)).map((subject) => ({ subject, message }));
}

function explained(problem: Problem): Problem {
  if (problem.subject !== '--json') return problem;
  const message =
    'sandbox shell has no --json: standard output is the terminal; the receipt is in the file that --receipt names';
  return { ...problem, message };
}
