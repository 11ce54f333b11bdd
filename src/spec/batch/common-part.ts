import { type Problem, SandboxFailure } from '../../failure.ts';
import type { Caller } from '../host-path.ts';
import { Problems } from '../problems.ts';
import { isReceiptDirectory } from '../receipt-path.ts';
import type { Sources } from '../resolve-settings.ts';
import type { TaskRequest } from '../resolve-spec.ts';
import { settingNames, settingOf } from '../settings.ts';
import { resolveWhole } from './resolve-whole.ts';

/** What holds for every task of a batch. */
export interface CommonPart {
  /** Without what no batch can have. */
  readonly defaults: TaskRequest;
  /** Of the options themselves, whatever the tasks make of them. */
  readonly problems: readonly Problem[];
  /** By their keys: what a task without a wish of its own would be refused for. */
  readonly everywhere: ReadonlySet<string>;
}

/** Tried once, so that a wrong option is not told of again for each of a thousand tasks. */
export async function commonPartOf(asked: TaskRequest, sources: Sources): Promise<CommonPart> {
  const problems = new Problems(asked.problems);
  for (const name of settingNames) {
    const flag = asked.flags[name];
    if (flag) problems.attempt(flag.origin, () => settingOf(name).parse(flag.text));
  }
  const defaults = await withoutOwn(asked, sources.caller, problems);
  const trial = { ...defaults, command: ['true'], stdin: false };
  const everywhere = await resolveWhole(trial, sources).then(() => [], problemsIn);
  return { defaults, problems: problems.found, everywhere: new Set(everywhere.map(keyOf)) };
}

/** What each task must have for itself. */
async function withoutOwn(
  asked: TaskRequest,
  caller: Caller,
  problems: Problems,
): Promise<TaskRequest> {
  const { id, receipt, ...flags } = asked.flags;
  if (id) problems.add(id.origin, 'each task of a batch has its own: write "id" into the file');
  if (asked.line !== null) {
    problems.add('-c', 'each task of a batch has its own: write "line" into the file');
  }
  const isFolder = receipt && (await isReceiptDirectory(receipt.text, caller));
  if (receipt && !isFolder) {
    problems.add(
      receipt.origin,
      `expected a directory, with "/" at its end where it is not there yet, since each task has a receipt; got ${JSON.stringify(receipt.text)}`,
    );
  }
  return { ...asked, flags: isFolder ? { ...flags, receipt } : flags, line: null, problems: [] };
}

/** What a task was refused for; anything but a SandboxFailure is a defect and is thrown on. */
export function problemsIn(error: unknown): readonly Problem[] {
  if (!(error instanceof SandboxFailure)) throw error;
  return error.problems.length > 0 ? error.problems : [{ subject: '', message: error.message }];
}

export function keyOf({ subject, message }: Problem): string {
  return JSON.stringify([subject, message]);
}
