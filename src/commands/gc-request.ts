import { dirname, resolve } from 'node:path';
import { currentCaller } from '../spec/host-path.ts';
import { Problems } from '../spec/problems.ts';
import { nearestRealPath, resolveReceiptPath } from '../spec/receipt-path.ts';
import { resolveSettings } from '../spec/resolve-settings.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { gcOnlyFlags } from './gc-flags.ts';
import { imageSpec } from './image-store.ts';
import { flagLayer } from './task-request.ts';
import { wordProblems } from './words.ts';

const command = 'gc';

export interface GcRequest {
  readonly isDryRun: boolean;
  /** Says which engine; nothing else of it is looked at. */
  readonly spec: TaskSpec;
  /** Where receipts lie, with no link in their paths. */
  readonly receiptDirectories: readonly string[];
}

/** Flags → what is to be looked through. Rejects with every problem. */
export async function gcRequest(args: CommandArgs): Promise<GcRequest> {
  const problems = new Problems(wordProblems(args, { command, names: [] }));
  const receiptDirectories = await askedDirectories(args, problems);
  problems.throwIfAny(`See: sandbox ${command} --help`);
  const spec = await imageSpec(args, { command, profile: 'base', problems: [] });
  return { isDryRun: args.values[gcOnlyFlags.dryRun.name] === true, spec, receiptDirectories };
}

async function askedDirectories(args: CommandArgs, problems: Problems): Promise<string[]> {
  const caller = currentCaller();
  const flags = { ...flagLayer(args), profile: { text: 'base', origin: 'profile' } };
  const sources = { caller, ambient: true, hasTask: false };
  const settings = await resolveSettings(flags, sources, problems);
  const place = { settings, id: 'none', mounts: [], caller };
  const receiptPath = await resolveReceiptPath(place, problems);
  const given = args.values[gcOnlyFlags.receipts.name];
  const named = Array.isArray(given) ? (given as string[]) : [];
  const paths = await Promise.all(named.map((path) => nearestRealPath(resolve(caller.cwd, path))));
  const directories = [...(receiptPath === null ? [] : [dirname(receiptPath)]), ...paths];
  return [...new Set(directories)];
}
