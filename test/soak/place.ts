import { access, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Receipt } from '../../src/receipt/receipt.ts';
import { readReceipt } from '../helpers/cli.ts';
import type { PlannedTask } from './plan.ts';

/** Where the soak keeps everything: workspaces, receipts, and the temporary files of the program under test. */
export class Place {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<Place> {
    const place = new Place(await realpath(await mkdtemp(join(tmpdir(), 'sandbox-soak-'))));
    for (const path of [place.receipts, place.temporary, place.sockets, join(place.root, 'work')])
      await mkdir(path);
    return place;
  }

  get receipts(): string {
    return join(this.root, 'receipts');
  }

  /** TMPDIR of the program under test: whatever is there at the end was left. */
  get temporary(): string {
    return join(this.root, 'tmp');
  }

  get sockets(): string {
    return join(this.root, 's');
  }

  workspaceOf({ id }: Pick<PlannedTask, 'id'>): string {
    return join(this.root, 'work', id);
  }

  receiptPathOf({ id }: Pick<PlannedTask, 'id'>): string {
    return join(this.receipts, `${id}.json`);
  }

  /** Null where there is none. */
  async receiptOf(task: Pick<PlannedTask, 'id'>): Promise<Receipt | null> {
    const path = this.receiptPathOf(task);
    return (await isThere(path)) ? await readReceipt(path) : null;
  }

  async hasWitness(task: PlannedTask): Promise<boolean> {
    return await isThere(join(this.workspaceOf(task), `${task.id}.end`));
  }

  async namesIn(path: string): Promise<string[]> {
    return await readdir(path, { recursive: true }).catch(() => []);
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
