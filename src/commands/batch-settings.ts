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
