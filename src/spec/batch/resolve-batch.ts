import { HostAnswers } from '../host-answers.ts';
import type { Sources } from '../resolve-settings.ts';
import type { TaskRequest } from '../resolve-spec.ts';
import type { TaskSpec } from '../task-spec.ts';
import { contentOf } from './batch-content.ts';
import { type EntryRequest, entryRequest, inFileWords } from './batch-entry.ts';
import { idAt } from './batch-ids.ts';
import { BatchProblems } from './batch-problems.ts';
import type { BatchSource } from './batch-source.ts';
import type { BatchTask } from './batch-task.ts';
import { type CommonPart, commonPartOf, keyOf, problemsIn } from './common-part.ts';
import { type FileEntry, isUnread, lineOf } from './file-entry.ts';
import { mergeRequests } from './merge-requests.ts';
import { resolveWhole } from './resolve-whole.ts';
import { sharingParts } from './shared-parts.ts';

export interface ResolvedBatch {
  /** What the ids that the file does not give are made of. */
  readonly name: string;
  readonly tasks: readonly BatchTask[];
}

/**
 * Every task of a batch file, with the defaults that are told beside it. Rejects with one SandboxFailure
 * (`invalid-settings`) that carries every problem of every task with its line, and before anything is started.
 */
export async function resolveBatch(
  source: BatchSource,
  defaults: TaskRequest,
  asked: Sources,
): Promise<ResolvedBatch> {
  const content = await contentOf(source);
  const { entries } = content;
  const sources = keepingAnswers(asked);
  const common = await commonPartOf(defaults, sources);
  const unread = entries.flatMap((entry) => entry.problems);
  const problems = new BatchProblems(common.problems, [...content.problems, ...unread]);
  const tasks: BatchTask[] = [];
  const taken = new Taken(problems);
  for (const [index, entry] of entries.entries()) {
    const ownId = idAt(source.name, { index, total: entries.length });
    const own = entryRequest(entry.value);
    const request = requestFor(own, { ownId, defaults: common.defaults });
    const isFree = taken.claim('id', request.flags.id?.text ?? ownId, entry);
    const spec = await specOf({ entry, own, request, common }, sources, problems);
    if (!spec) continue;
    if (isFree) taken.claim('receipt', spec.receiptPath, entry);
    tasks.push({ index, line: entry.line, spec: sharingParts(spec, tasks.at(-1)?.spec) });
  }
  problems.throwIfAny(source.title);
  return { name: source.name, tasks };
}

/** The variables are copied: each look at those of the process asks the system. */
function keepingAnswers(asked: Sources): Sources {
  const { caller } = asked;
  return { ...asked, caller: { ...caller, env: { ...caller.env }, answers: new HostAnswers() } };
}

function requestFor(
  own: EntryRequest,
  { ownId, defaults }: { ownId: string; defaults: TaskRequest },
): TaskRequest {
  const request = mergeRequests(defaults, own);
  const id = request.flags.id ?? { text: ownId, origin: 'id' };
  return { ...request, flags: { ...request.flags, id } };
}

interface Pending {
  readonly entry: FileEntry;
  readonly own: EntryRequest;
  readonly request: TaskRequest;
  readonly common: CommonPart;
}

/** Null where it has problems, each of which is said of this line unless every task has it. */
async function specOf(
  pending: Pending,
  sources: Sources,
  problems: BatchProblems,
): Promise<TaskSpec | null> {
  const { entry, own, common } = pending;
  try {
    return await resolveWhole(pending.request, sources);
  } catch (error) {
    for (const problem of problemsIn(error)) {
      const said = inFileWords(problem, own.given);
      if (common.everywhere.has(keyOf(problem))) problems.addGeneral(problem);
      else if (!isUnread(entry, said.subject)) {
        problems.addAt({ ...said, line: lineOf(entry, said.subject) });
      }
    }
    return null;
  }
}

/** Ids and receipts, which no two tasks may share. */
class Taken {
  readonly #lines = new Map<string, number>();
  readonly #problems: BatchProblems;

  constructor(problems: BatchProblems) {
    this.#problems = problems;
  }

  /** False where an earlier task has it. */
  claim(kind: 'id' | 'receipt', text: string, entry: FileEntry): boolean {
    const line = lineOf(entry, kind);
    const key = `${kind} ${text}`;
    const earlier = this.#lines.get(key);
    if (earlier === undefined) this.#lines.set(key, line);
    else {
      const message = `expected ${kind === 'id' ? 'an id' : 'a receipt'} of its own, got "${text}" as on line ${earlier}`;
      this.#problems.addAt({ line, subject: kind, message });
    }
    return earlier === undefined;
  }
}
