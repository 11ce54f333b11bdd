import { isWanted, parseLimit, parseSince, parseStatuses } from '../receipt/receipt-filter.ts';
import { type ReceiptListing, listReceipts } from '../receipt/receipt-listing.ts';
import { writeNote } from '../report/human.ts';
import { jsonText } from '../report/json.ts';
import { besidesNotes, receiptTable } from '../report/receipts/receipt-table.ts';
import { type Terminal, printable } from '../report/terminal.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { receiptFilterFlags, receiptListOnlyFlags } from './receipt-flags.ts';
import { flagValue, receiptShelf } from './receipt-shelf.ts';
import { receiptWordProblems } from './receipt-words.ts';

const command = 'receipt ls';

/** `sandbox receipt ls [DIR]`: the newest first, as `docker ps` does. */
export const receiptLs: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: isJson(args) }, async () => {
    const { shelf, filter, limit } = await asked(args);
    const { directory, mayBeMissing } = shelf;
    const listing = await listReceipts(directory, {
      isWanted: (row) => isWanted(row, filter),
      mayBeMissing,
    });
    const shown = { ...listing, rows: listing.rows.slice(0, limit ?? undefined) };
    const { rows, ...rest } = shown;
    const matching = listing.rows.length;
    if (isJson(args)) terminal.stdout.write(jsonText({ ...rest, matching, receipts: rows }));
    else {
      const isFiltered = filter.statuses !== null || filter.sinceMs !== null;
      show(shown, { terminal, matching, isFiltered, isQuiet: args.values.quiet === true });
    }
    return listing.unreadable.length > 0 ? answers.notFine : answers.fine;
  });

async function asked(args: CommandArgs) {
  const problems = new Problems(receiptWordProblems(args, { command, names: [] }));
  const read = <T>(flag: Parameters<typeof flagValue>[1], parse: (text: string) => T) =>
    flagValue(args, flag, { problems, parse });
  const filter = {
    statuses: read(receiptListOnlyFlags.status, parseStatuses),
    sinceMs: read(receiptFilterFlags.since, (text) => parseSince(text, Date.now())),
  };
  const limit = read(receiptListOnlyFlags.limit, parseLimit);
  return { shelf: await receiptShelf(args.rest[0], { command, args, problems }), filter, limit };
}

interface Showing {
  readonly terminal: Terminal;
  readonly matching: number;
  readonly isFiltered: boolean;
  readonly isQuiet: boolean;
}

function show(listing: ReceiptListing, { terminal, matching, isFiltered, isQuiet }: Showing): void {
  const { rows, directory } = listing;
  const { isTTY, columns } = terminal.stdout as { isTTY?: boolean; columns?: number };
  const width = isTTY === true && columns ? columns : null;
  const ids = rows.map(({ id }) => `${printable(id)}\n`).join('');
  terminal.stdout.write(isQuiet ? ids : receiptTable(rows, width));
  const none = isFiltered ? 'no such receipts' : 'no receipts';
  if (!isQuiet && rows.length === 0) writeNote(terminal, `${none} in ${directory}`);
  if (!isQuiet && rows.length < matching)
    writeNote(terminal, `${rows.length} of ${matching} receipts are shown`);
  const notes = besidesNotes(listing);
  for (const note of notes)
    if (!isQuiet || listing.unreadable.length > 0) writeNote(terminal, note);
}
