import { resolve } from 'node:path';
import type { ReceiptShelf } from '../receipt/find-receipt.ts';
import { currentCaller } from '../spec/host-path.ts';
import type { Problems } from '../spec/problems.ts';
import type { CommandArgs } from './command.ts';
import type { Flag } from './flags.ts';
import { receiptPlace } from './without-project.ts';

interface Asked {
  /** The command, for the hint. */
  readonly command: string;
  readonly args: CommandArgs;
  readonly problems: Problems;
}

/**
 * The directory that the caller names, or else where a run would leave its receipt. The last to look at what was
 * asked: throws every problem.
 */
export async function receiptShelf(
  named: string | undefined,
  { command, args, problems }: Asked,
): Promise<ReceiptShelf> {
  const shelf = named === undefined ? await defaultShelf(args, problems) : namedShelf(named);
  problems.throwIfAny(`See: sandbox ${command} --help`);
  if (shelf === null) throw new Error('no directory of receipts, and no problem');
  return shelf;
}

function namedShelf(named: string): ReceiptShelf {
  return { directory: resolve(currentCaller().cwd, named), mayBeMissing: false };
}

async function defaultShelf(args: CommandArgs, problems: Problems): Promise<ReceiptShelf | null> {
  const place = await receiptPlace(args, problems);
  return place && { directory: place.path, mayBeMissing: true };
}

/** The value of a flag, read; null where it was not given. */
export function flagValue<T>(
  { values }: CommandArgs,
  flag: Flag,
  { problems, parse }: { problems: Problems; parse: (text: string) => T },
): T | null {
  const text = values[flag.name];
  if (typeof text !== 'string') return null;
  return problems.attempt(`--${flag.name}`, () => parse(text)) ?? null;
}
