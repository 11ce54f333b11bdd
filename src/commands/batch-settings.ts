import {
  type HaltPolicy,
  type RetryableStatus,
  parseBatchDeadline,
  parseHalt,
  parseJobs,
  parseRetries,
  parseRetryOn,
  parseSeed,
} from '../spec/batch-options.ts';
import { type BatchFormat, batchFormats } from '../spec/choices.ts';
import type { Problems } from '../spec/problems.ts';
import { oneOf } from '../spec/setting-parsers.ts';
import type { ResumePolicy } from '../run/batch/resume.ts';
import type { CommandArgs } from './command.ts';
import { type Flag, batchOnlyFlags as flags } from './flags.ts';

/** What the options of `sandbox batch` alone say. */
export interface BatchSettings {
  readonly jobs: number | null;
  readonly format: BatchFormat | null;
  readonly retries: number;
  readonly retryOn: readonly RetryableStatus[];
  readonly halt: HaltPolicy;
  readonly deadlineMs: number;
  readonly resume: ResumePolicy;
  readonly seed: string | null;
}

export function batchSettings({ values }: CommandArgs, problems: Problems): BatchSettings {
  const read = <T>(flag: Flag, fallback: T, parse: (text: string) => T): T => {
    const text = values[flag.name];
    if (typeof text !== 'string') return fallback;
    return problems.attempt(`--${flag.name}`, () => parse(text)) ?? fallback;
  };
  const isGiven = (flag: Flag) => values[flag.name] === true;
  refuseContradictions(values, problems);
  const resume = isGiven(flags.resumeFailed) ? 'passed' : 'ended';
  return {
    jobs: read<number | null>(flags.jobs, null, parseJobs),
    format: read<BatchFormat | null>(flags.format, null, oneOf(batchFormats)),
    retries: read(flags.retries, 0, parseRetries),
    retryOn: read<readonly RetryableStatus[]>(flags.retryOn, [], parseRetryOn),
    halt: read(flags.halt, parseHalt('never'), parseHalt),
    deadlineMs: read(flags.deadline, 0, parseBatchDeadline),
    resume: isGiven(flags.resume) || isGiven(flags.resumeFailed) ? resume : 'nothing',
    seed: read<string | null>(flags.shuffle, null, parseSeed),
  };
}

/** What would be ignored without a word if it were taken. */
function refuseContradictions(values: CommandArgs['values'], problems: Problems): void {
  if (values[flags.retryOn.name] !== undefined && values[flags.retries.name] === undefined) {
    const message = `expected --${flags.retries.name} N with it: without one no task is run again`;
    problems.add(`--${flags.retryOn.name}`, message);
  }
  if (values[flags.resume.name] === true && values[flags.resumeFailed.name] === true) {
    const message = `expected one of the two, got --${flags.resume.name} as well: they differ in whether what failed runs again`;
    problems.add(`--${flags.resumeFailed.name}`, message);
  }
  for (const { name } of [flags.tag, flags.keepOrder]) {
    if (values[name] !== true || values[flags.json.name] !== true) continue;
    const message = `expected without --${flags.json.name}, which prints events and nothing of what tasks print`;
    problems.add(`--${name}`, message);
  }
  for (const { name } of [flags.summary, flags.junit, flags.report]) {
    if (values[name] !== '-') continue;
    const message =
      'expected the path of a file, got "-": standard output is for what tasks print and for --json; a file of that name is ./-';
    problems.add(`--${name}`, message);
  }
}
