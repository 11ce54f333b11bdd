import { access } from 'node:fs/promises';
import { type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { resolveTask, runTask } from '../../src/index.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { Batch } from '../helpers/batch.ts';
import { readReceipt } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { listenOn, toRealEngine } from '../helpers/listening.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOn('docker', 'an image that changes while a batch runs', () => {
  test('gives its name to another one: each receipt tells the one that its task ran in', async () => {
    const { name, first, second } = await twoImages('moved');
    const receipts = await receiptsOf(name, async () => {
      await docker.getImage(second).tag({ repo: name, tag: '1' });
    });
    const found = receipts.map(({ image, stdout }) => `${image?.id} ${stdout.text?.trim()}`);
    expect(new Set(found)).toEqual(new Set([`${first} first`, `${second} second`]));
  });

  test('gives its name away and gets it back, again and again', async () => {
    const { name, first, second } = await twoImages('flipping');
    const isOver = new AbortController();
    const receipts = await receiptsOf(
      name,
      async () => {
        const [one, other] = [docker.getImage(first), docker.getImage(second)];
        for (let round = 0; !isOver.signal.aborted; round += 1) {
          await (round % 2 === 0 ? other : one).tag({ repo: name, tag: '1' });
        }
      },
      { tasks: 24, jobs: 4, onEnd: () => isOver.abort() },
    );
    const ran = receipts.filter(({ status }) => status === 'passed');
    const found = ran.map(({ image, stdout }) => `${image?.id} ${stdout.text?.trim()}`);
    expect(new Set(found)).toEqual(new Set([`${first} first`, `${second} second`]));
    const others = receipts.filter((receipt) => !ran.includes(receipt));
    for (const { error } of others) expect(error?.message).toContain('became another one');
  });

  test('leaves no connection to a container that was made of another one', async () => {
    const { name, second } = await twoImages('connected');
    const open = new Set<Socket>();
    let isMoved = false;
    const between = await listenOn(
      createServer({ allowHalfOpen: true }, (client) => {
        open.add(client);
        // The engine itself keeps its end of what hangs on a container that was never started.
        client.on('end', () => open.delete(client));
        client.once('data', (head: Buffer) => {
          client.pause();
          client.unshift(head);
          const isFirst = !isMoved && head.includes('/containers/create');
          isMoved ||= isFirst;
          const moved = isFirst ? docker.getImage(second).tag({ repo: name, tag: '1' }) : null;
          void Promise.resolve(moved).then(() => toRealEngine(client));
        });
      }),
    );
    onTestFinished(between.close);
    const workspace = await Workspace.create();
    const place = { workspace: workspace.path, host: `tcp://127.0.0.1:${between.port}` };
    const how = { image: `${name}:1`, pull: 'never', line: 'echo "$MARK"' } as const;
    const receipt = await runTask(await resolveTask({ ...place, ...how }));
    expect([receipt.image?.id, receipt.stdout.text, isMoved]).toEqual([second, 'second\n', true]);
    await vi.waitUntil(() => open.size === 0, { timeout: 10_000 });
  });

  test('is removed: each task without it is told so', async () => {
    const { name } = await twoImages('removed');
    const receipts = await receiptsOf(name, async () => {
      // The next task may be about to start in it.
      await docker.getImage(`${name}:1`).remove({ force: true });
    });
    const found = receipts.map(({ status, error }) => `${status} ${error?.code ?? ''}`);
    expect(new Set(found)).toEqual(new Set(['passed ', 'not-started image-not-found']));
  });
});

interface Size {
  readonly tasks: number;
  readonly jobs: number;
  readonly onEnd: () => void;
}

const small: Size = { tasks: 8, jobs: 1, onEnd: () => undefined };

/** Of a batch with the image NAME:1, to which something is done once the first task has ended. */
async function receiptsOf(
  name: string,
  change: () => Promise<void>,
  { tasks, jobs, onEnd }: Size = small,
): Promise<Receipt[]> {
  const ids = Array.from({ length: tasks }, (_, index) => `${name}-${index}`);
  const task = { image: `${name}:1`, command: ['sh', '-c', 'echo "$MARK"'] };
  const batch = await Batch.create(ids.map((id) => ({ id, ...task })));
  const [firstPath = '', ...others] = ids.map((id) =>
    join(batch.workspace.receiptsDir, `${id}.json`),
  );
  const ended = batch.run(['--engine', 'docker', '-q', '-j', `${jobs}`, '--pull', 'never']);
  const isWritten = async () =>
    await access(firstPath).then(
      () => true,
      () => false,
    );
  await vi.waitUntil(isWritten, { timeout: 60_000, interval: 5 });
  await Promise.all([change(), ended.finally(onEnd)]);
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
