import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problems } from '../spec/problems.ts';
import { resolveReceiptPath } from '../spec/receipt-path.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { gcOnlyFlags } from './gc-flags.ts';
import { engineSpec, settingsHere } from './without-project.ts';
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
  const spec = await engineSpec(args, { command, problems: [] });
  return { isDryRun: args.values[gcOnlyFlags.dryRun.name] === true, spec, receiptDirectories };
}

async function askedDirectories(args: CommandArgs, problems: Problems): Promise<string[]> {
  const place = { ...(await settingsHere(args, problems)), id: 'none', mounts: [] };
  const named = await namedDirectories(args, problems);
  // Where no receipt could be, as in /, there is nothing to look through.
  const receiptPath = await resolveReceiptPath(place, new Problems());
  return [...new Set([...(receiptPath === null ? [] : [dirname(receiptPath)]), ...named])];
}

async function namedDirectories(
  { values }: CommandArgs,
  problems: Problems,
): Promise<readonly string[]> {
  const { name } = gcOnlyFlags.receipts;
  const given = values[name];
  const paths = (Array.isArray(given) ? (given as string[]) : []).map(async (path) => {
    const found = await realpath(path).catch(() => null);
    const isDirectory = found !== null && (await stat(found)).isDirectory();
    if (!isDirectory) problems.add(`--${name}`, `expected a directory, found none at "${path}"`);
    return found ?? path;
  });
  return await Promise.all(paths);
}
