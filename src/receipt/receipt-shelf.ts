import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import type { Caller } from '../spec/host-path.ts';
import { isReceiptDirectory } from '../spec/receipt-path.ts';
import type { EffectiveSettings } from '../spec/resolve-settings.ts';
import { taskIdPattern } from '../spec/task-id.ts';
import { readReceiptJson } from './read-receipt.ts';

/** Where receipts are looked for: a directory of them, or one of its own. */
export interface ReceiptShelf {
  readonly name: string;
  ids(): Promise<readonly string[]>;
  pathOf(id: string): string;
}

/** Where a run with these settings would write its receipt. */
export async function receiptShelf(
  { values, workspacePath }: EffectiveSettings,
  caller: Caller,
): Promise<ReceiptShelf> {
  const { receipt, receiptDir } = values;
  if (receipt !== null) {
    const path = resolve(caller.cwd, receipt);
    return (await isReceiptDirectory(receipt, caller)) ? directoryShelf(path) : fileShelf(path);
  }
  if (receiptDir !== null) return directoryShelf(resolve(caller.cwd, receiptDir));
  return directoryShelf(`${workspacePath ?? caller.cwd}.receipts`);
}

const ending = '.json';

/** Beside them lie summaries of batches, and locks. */
function directoryShelf(directory: string): ReceiptShelf {
  return {
    name: directory,
    ids: async () => {
      const names = await readdir(directory).catch(() => []);
      return names
        .filter((name) => name.endsWith(ending) && !name.endsWith(`.batch${ending}`))
        .map((name) => name.slice(0, -ending.length))
        .filter((id) => taskIdPattern.test(id))
        .sort();
    },
    pathOf: (id) => join(directory, `${id}${ending}`),
  };
}

function fileShelf(path: string): ReceiptShelf {
  return {
    name: path,
    ids: async () => {
      const found = v.safeParse(v.object({ id: v.string() }), await readReceiptJson(path));
      return found.success ? [found.output.id] : [];
    },
    pathOf: () => path,
  };
}
