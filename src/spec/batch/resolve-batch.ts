import { SandboxFailure } from '../../failure.ts';
import { HostAnswers } from '../host-answers.ts';
import type { Sources } from '../resolve-settings.ts';
import { type TaskRequest, resolveSpec } from '../resolve-spec.ts';
import type { TaskSpec } from '../task-spec.ts';
import { contentOf } from './batch-content.ts';
import { entryKeyOf, entryRequest } from './batch-entry.ts';
import { idAt } from './batch-ids.ts';
import { BatchProblems } from './batch-problems.ts';
import type { BatchSource } from './batch-source.ts';
import type { BatchTask } from './batch-task.ts';
import { type CommonPart, commonPartOf, keyOf, problemsIn } from './common-part.ts';
import type { FileContent, FileEntry } from './file-entry.ts';
import { mergeRequests } from './merge-requests.ts';

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
  refuseNothing(content, source);
  const sources = keepingAnswers(asked);
  const common = await commonPartOf(defaults, sources);
  const problems = new BatchProblems(common.problems, content.problems);
  const tasks: BatchTask[] = [];
  const taken = new Taken(problems);
  for (const [index, entry] of entries.entries()) {
    const ownId = idAt(source.name, { index, total: entries.length });
    const request = requestFor(entry, { ownId, defaults: common.defaults });
    const isFree = taken.claim('id', request.flags.id?.text ?? ownId, entry);
    const spec = await specOf({ entry, request, common }, sources, problems);
    if (!spec) continue;
    if (isFree) taken.claim('receipt', spec.receiptPath, entry);
    tasks.push({ index, line: entry.line, spec });
  }
  problems.throwIfAny(source.title);
  return { name: source.name, tasks };
}

/** The variables are copied: each look at those of the process asks the system. */
function keepingAnswers(asked: Sources): Sources {
  const { caller } = asked;
  return { ...asked, caller: { ...caller, env: { ...caller.env }, answers: new HostAnswers() } };
}

function refuseNothing({ entries, problems }: FileContent, { title }: BatchSource): void {
  if (entries.length > 0 || problems.length > 0) return;
  throw new SandboxFailure('invalid-settings', `expected tasks in ${title}, found no tasks`, {
    hint: 'Write one task a line, such as {"command": ["make", "test"]}',
  });
}

function requestFor(
  entry: FileEntry,
  { ownId, defaults }: { ownId: string; defaults: TaskRequest },
): TaskRequest {
  const request = mergeRequests(defaults, entryRequest(entry.value));
  const id = request.flags.id ?? { text: ownId, origin: 'id' };
  return { ...request, flags: { ...request.flags, id } };
}

interface Pending {
  readonly entry: FileEntry;
  readonly request: TaskRequest;
  readonly common: CommonPart;
}

/** Null where it has problems, each of which is said of this line unless every task has it. */
async function specOf(
  { entry, request, common }: Pending,
  sources: Sources,
  problems: BatchProblems,
): Promise<TaskSpec | null> {
  try {
    return await resolveSpec(request, sources);
  } catch (error) {
    for (const problem of problemsIn(error)) {
      if (common.everywhere.has(keyOf(problem))) problems.addGeneral(problem);
      else problems.addAt({ ...problem, line: entry.line, subject: entryKeyOf(problem.subject) });
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
  claim(kind: 'id' | 'receipt', text: string, { line }: FileEntry): boolean {
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
