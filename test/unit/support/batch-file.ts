import type { BatchFormat } from '../../../src/spec/choices.ts';
import { type ResolvedBatch, resolveBatch } from '../../../src/spec/batch/resolve-batch.ts';
import { type TaskRequest, emptyRequest } from '../../../src/spec/resolve-spec.ts';
import { Surroundings } from './surroundings.ts';

export interface BatchOptions {
  readonly format?: BatchFormat | null;
  /** Options on the command line. */
  readonly defaults?: Partial<TaskRequest>;
  readonly path?: string | null;
  readonly name?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly around?: Surroundings;
}

/** The tasks of a text, in surroundings of their own. */
export async function batchOf(text: string, options: BatchOptions = {}): Promise<ResolvedBatch> {
  const { format = null, defaults, path = null, name = 'tasks', env, around } = options;
  const place = around ?? (await Surroundings.create());
  return await resolveBatch(
    { path, title: path ?? 'standard input', name, fullName: name, format, text },
    { ...emptyRequest, command: [], ...defaults },
    { caller: place.caller(env), ambient: true },
  );
}
