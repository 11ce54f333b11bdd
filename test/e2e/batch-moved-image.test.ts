import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { Batch } from '../helpers/batch.ts';
import { readReceipt } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';

describeOn('docker', 'an image that changes while a batch runs', () => {
  test('gives its name to another one: each receipt tells the one that its task ran in', async () => {
    const { name, first, second } = await twoImages('moved');
    const receipts = await receiptsOf(name, async () => {
      await docker.getImage(second).tag({ repo: name, tag: '1' });
    });
    const found = receipts.map(({ image, stdout }) => `${image?.id} ${stdout.text?.trim()}`);
    expect(new Set(found)).toEqual(new Set([`${first} first`, `${second} second`]));
  });

  test('is removed: each task without it is told so', async () => {
    const { name } = await twoImages('removed');
    const receipts = await receiptsOf(name, async () => {
      await docker.getImage(`${name}:1`).remove();
    });
    const found = receipts.map(({ status, error }) => `${status} ${error?.code ?? ''}`);
    expect(new Set(found)).toEqual(new Set(['passed ', 'not-started image-not-found']));
  });
});

/** Of a batch with the image NAME:1, to which something is done once the first task has ended. */
async function receiptsOf(name: string, change: () => Promise<void>): Promise<Receipt[]> {
  const ids = Array.from({ length: 8 }, (_, index) => `${name}-${index}`);
  const task = { image: `${name}:1`, command: ['sh', '-c', 'echo "$MARK"'] };
  const batch = await Batch.create(ids.map((id) => ({ id, ...task })));
  const [firstPath = '', ...others] = ids.map((id) =>
    join(batch.workspace.receiptsDir, `${id}.json`),
  );
  const ended = batch.run(['--engine', 'docker', '-q', '-j', '1', '--pull', 'never']);
  const isWritten = async () =>
    await access(firstPath).then(
      () => true,
      () => false,
    );
  await vi.waitUntil(isWritten, { timeout: 60_000, interval: 5 });
  await change();
  await ended;
  return await Promise.all([firstPath, ...others].map(readReceipt));
}

/** Two images of one repository, which tell in $MARK which one they are; the first one is NAME:1. */
async function twoImages(title: string) {
  const name = `sandbox-test-${title}-${process.pid}`;
  const made = await docker.createContainer({ Image: 'debian:bookworm-slim' });
  const commit = async (mark: string, tag: string) => {
    const changes = [`ENV MARK=${mark}`];
    return (await made.commit({ repo: name, tag, changes })) as { readonly Id: string };
  };
  const [first, second] = [await commit('first', '1'), await commit('second', '2')];
  await made.remove();
  onTestFinished(async () => {
    for (const { Id } of [first, second]) {
      // One of them may be gone already.
      await docker
        .getImage(Id)
        .remove({ force: true })
        .catch(() => undefined);
    }
  });
  return { name, first: first.Id, second: second.Id };
}
