import { execa } from 'execa';
import type { Ground } from './ground.ts';
import type { PlannedTask } from './plan.ts';
import { markerSeconds } from './tasks.ts';

/** Everything that is there and should not be, once all tasks have ended; empty lists where nothing is. */
export async function leftovers(
  ground: Ground,
  tasks: readonly PlannedTask[],
): Promise<Record<string, string[]>> {
  const { engine, place } = ground;
  const containers = await engine.docker.listContainers({ all: true });
  const networks = await engine.docker.listNetworks();
  const volumes = await engine.docker.listVolumes();
  const wanted = new Set([...tasks.map(({ id }) => `${id}.json`), 'soak.jsonl.batch.json']);
  const receipts = await place.namesIn(place.receipts);
  const temporary = await place.namesIn(place.temporary);
  return {
    containers: containers.map(({ Names, State }) => `${Names.join()} ${State}`),
    networks: networks
      .map(({ Name }) => Name)
      .filter((name) => !['bridge', 'host', 'none'].includes(name)),
    volumes: volumes.Volumes.map(({ Name }) => Name),
    processes: await processes(),
    receiptDirectory: receipts.filter((name) => !wanted.has(name)),
    // The folders stay, and what is remembered of images; everything else in them goes.
    temporaryFiles: temporary.filter(
      (name) => name.split('/').length > 2 && !name.includes('/identities/'),
    ),
  };
}

/** Tasks, and clients of ours on this engine. */
async function processes(): Promise<string[]> {
  const { stdout } = await execa('pgrep', ['-fa', `^sleep ${markerSeconds}|sandbox-soak-.*run `], {
    reject: false,
  });
  return stdout.split('\n').filter((line) => line !== '');
}
