import { isWanted, parseSince } from '../receipt/receipt-filter.ts';
import { listReceipts } from '../receipt/receipt-listing.ts';
import { writeNote } from '../report/human.ts';
import { jsonText } from '../report/json.ts';
import { statsOf } from '../report/receipts/receipt-stats.ts';
import { besidesNotes } from '../report/receipts/receipt-table.ts';
import { statsText } from '../report/receipts/stats-text.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { receiptFilterFlags } from './receipt-flags.ts';
import { flagValue, receiptShelf } from './receipt-shelf.ts';
import { receiptWordProblems } from './receipt-words.ts';

const command = 'receipt stats';

/** `sandbox receipt stats [DIR]`: how often, how long, and what fails. */
export const receiptStats: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: isJson(args) }, async () => {
    const problems = new Problems(receiptWordProblems(args, { command, names: [] }));
    const parse = (text: string) => parseSince(text, Date.now());
    const sinceMs = flagValue(args, receiptFilterFlags.since, { problems, parse });
    const shelf = await receiptShelf(args.rest[0], { command, args, problems });
    const listing = await listReceipts(shelf.directory, {
      isWanted: (row) => isWanted(row, { statuses: null, sinceMs }),
      mayBeMissing: shelf.mayBeMissing,
    });
    const { rows, ...rest } = listing;
    const stats = statsOf(rows);
    terminal.stdout.write(isJson(args) ? jsonText({ ...rest, ...stats }) : statsText(stats));
    if (!isJson(args)) for (const note of besidesNotes(listing)) writeNote(terminal, note);
    return listing.unreadable.length > 0 ? answers.notFine : answers.fine;
  });
