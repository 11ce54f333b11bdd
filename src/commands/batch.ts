import { deadlineSignal } from '../engine/timer.ts';
import { SandboxFailure } from '../failure.ts';
import { exitCodes } from '../outcome/exit-code.ts';
import { reportEvent, reportFailure, shortest, writeNote } from '../report/human.ts';
import { failureJson, jsonLine } from '../report/json.ts';
import { shellLine } from '../report/shell-quote.ts';
import { type ResumePolicy, earlierOf } from '../run/batch/resume.ts';
import { type BatchOrder, runBatch } from '../run/batch/run-batch.ts';
import { shuffled } from '../run/batch/shuffle.ts';
import { type BatchSource, readBatchSource } from '../spec/batch/batch-source.ts';
import type { BatchTask } from '../spec/batch/batch-task.ts';
import { type ResolvedBatch, resolveBatch } from '../spec/batch/resolve-batch.ts';
import { currentCaller } from '../spec/host-path.ts';
import { Problems } from '../spec/problems.ts';
import { placeBatch } from './batch-places.ts';
import { BatchReports } from './batch-reports.ts';
import { type BatchSettings, batchSettings } from './batch-settings.ts';
import { BatchShow, batchStops } from './batch-show.ts';
import type { Command, CommandArgs, CommandContext } from './command.ts';
import { batchOnlyFlags, outputFlags } from './flags.ts';
import { taskRequest } from './task-request.ts';
import { untilRead } from './until-read.ts';
import { wordProblems } from './words.ts';

/** `sandbox batch FILE`: many tasks, one summary. */
export const batch: Command = async (args, context) => {
  const { terminal } = context;
  try {
    return await runOrShow(args, context);
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    if (args.values[batchOnlyFlags.json.name] === true) {
      terminal.stdout.write(jsonLine(failureJson(error)));
    }
    reportFailure(terminal, error);
    return exitCodes.sandboxFailed;
  }
};

async function runOrShow(args: CommandArgs, context: CommandContext): Promise<number> {
  const problems = new Problems(wordProblems(args, { command: 'batch', names: ['FILE'] }));
  const settings = batchSettings(args, problems);
  problems.throwIfAny('See: sandbox batch --help');
  const source = await sourceOf(args, { settings, context });
  const resolved = await resolvedBatch(args, source);
  if (args.values[batchOnlyFlags.dryRun.name] === true)
    return await showTasks({ tasks: resolved.tasks, resume: settings.resume }, args, context);
  const { summaryPath } = await placeBatch({ args, source, resolved });
  const order = orderOf({ settings, source, resolved }, summaryPath);
  const reports = await BatchReports.reserve(args, context.terminal);
  const { deadlineMs } = settings;
  return await runAndReport({ order, deadlineMs, reports }, { args, context });
}

async function sourceOf(
  { rest }: CommandArgs,
  { settings, context }: { settings: BatchSettings; context: CommandContext },
): Promise<BatchSource> {
  const place = { file: rest[0] ?? '-', cwd: process.cwd(), stdin: context.stdin };
  return await readBatchSource(place, settings.format);
}

/** The words are the file; what is on the command line besides holds for every task. */
async function resolvedBatch(args: CommandArgs, source: BatchSource): Promise<ResolvedBatch> {
  const defaults = { ...taskRequest({ ...args, rest: [] }), stdin: false };
  return await resolveBatch(source, defaults, { caller: currentCaller(), ambient: true });
}

interface Asked {
  readonly settings: BatchSettings;
  readonly source: BatchSource;
  readonly resolved: ResolvedBatch;
}

function orderOf({ settings, source, resolved }: Asked, summaryPath: string): BatchOrder {
  const { name, tasks } = resolved;
  const { seed, jobs, retries, retryOn, halt, resume } = settings;
  return {
    ...{ name, jobs, retries, retryOn, halt, resume },
    file: source.path,
    tasks: seed === null ? tasks : shuffled(tasks, seed),
    summaryPath,
  };
}

interface Shown {
  readonly tasks: readonly BatchTask[];
  readonly resume: ResumePolicy;
}

/** What would run, without anything being started or made. */
async function showTasks(
  { tasks, resume }: Shown,
  { values }: CommandArgs,
  { terminal }: CommandContext,
): Promise<number> {
  const isJson = values[batchOnlyFlags.json.name] === true;
  let reused = 0;
  for (const task of tasks) {
    if ((await earlierOf(task, resume)).kind === 'row') {
      reused += 1;
      continue;
    }
    const { index, line, spec } = task;
    const text = isJson
      ? jsonLine({ index, line, task: spec })
      : `${spec.id}\t${shellLine(spec.command)}\n`;
    terminal.stdout.write(text);
  }
  if (resume !== 'nothing' && values[outputFlags.quiet.name] !== true) {
    const images = reused > 0 ? ', as long as their images are the same' : '';
    writeNote(terminal, `${reused} of ${tasks.length} would not run again${images}`);
  }
  return 0;
}

interface Run {
  readonly order: BatchOrder;
  readonly deadlineMs: number;
  readonly reports: BatchReports;
}

interface Around {
  readonly args: CommandArgs;
  readonly context: CommandContext;
}

async function runAndReport(run: Run, around: Around): Promise<number> {
  const { terminal } = around.context;
  const show = new BatchShow(around.args, terminal);
  const stops = batchStops(around.context.interrupts(), show.readerGone);
  const deadline = deadlineSignal(run.deadlineMs);
  const over = AbortSignal.any([stops.cancel, deadline.signal]);
  run.reports.open();
  const work = runToSummary(run, around, { show, stops, deadline: deadline.signal, over });
  await work.catch(() => undefined);
  show.abandon();
  run.reports.close();
  // All that is left is output, so that whoever interrupts now has had enough.
  const { stop, cancel } = stops;
  const isRead = await untilRead(terminal, stop.aborted ? over : AbortSignal.any([over, stop]));
  deadline.clear();
  const exitCode = await work;
  if (isRead || stop.aborted || cancel.aborted) return exitCode;
  const failure = notRead();
  // Where there is worse news already, this is told besides.
  if (exitCode === 0) throw failure;
  reportFailure(terminal, failure);
  return exitCode;
}

interface Running {
  readonly show: BatchShow;
  readonly stops: ReturnType<typeof batchStops>;
  readonly deadline: AbortSignal;
  readonly over: AbortSignal;
}

/** Answers the exit code. */
async function runToSummary(
  { order, reports }: Run,
  { args, context: { terminal } }: Around,
  { show, stops, deadline, over }: Running,
): Promise<number> {
  const { onEvent, receiverFor } = show;
  const io = { onEvent, receiverFor, env: terminal.env, ...stops, deadline };
  const summary = await runBatch(order, io);
  // First what is asked for in files: whoever reads what tasks print may have stopped reading.
  await reports.writeFiles(summary);
  await show.close(summary, over);
  show.throwIfLost();
  for (const left of summary.leftBehind) {
    const message = `could not be removed, the next sandbox command tries again: ${left}`;
    reportEvent(terminal, { kind: 'warning', message }, { quiet: false, verbose: false });
  }
  await reports.tellCi(summary);
  if (args.values[outputFlags.quiet.name] !== true) {
    writeNote(terminal, `summary ${shortest(order.summaryPath)}`);
  }
  return summary.exitCode;
}

function notRead(): SandboxFailure {
  const message = 'standard output was not read to its end before the deadline of the batch';
  const hint = 'The summary and the receipts were written.';
  return new SandboxFailure('output-not-writable', message, { hint });
}
