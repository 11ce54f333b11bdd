import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { allSettledOrThrow } from './all-settled.ts';
import { ContainerEvents } from './container-events.ts';
import type { DockerApi } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';

/** What is open to a container. */
export interface ContainerConnections {
  readonly attached: Duplex;
  readonly waiting: IncomingMessage;
  readonly events: ContainerEvents;
}

/**
 * Else Ctrl-P Ctrl-Q would leave the task behind, and each Ctrl-P wait for the next key. It cannot be turned off, so
 * it is bytes that no keyboard sends: none of them is in UTF-8.
 */
const withoutDetaching = 'detachKeys=%FF%2C%FE%2C%FF%2C%FE';

/** Attached, waiting and listening before it starts: what begins later loses the race with a short task. */
export async function connectTo(
  api: DockerApi,
  { id }: EngineContainer,
  spec: TaskSpec,
): Promise<ContainerConnections> {
  const direction = `stdin=${Number(spec.stdin)}&stdout=1&stderr=1&stream=1`;
  const attach = spec.tty ? `${direction}&${withoutDetaching}` : direction;
  const attaching = api.upgrade(`/containers/${id}/attach?${attach}`);
  const asking = api.stream('POST', `/containers/${id}/wait?condition=next-exit`);
  const listening = ContainerEvents.subscribe(api, id);
  try {
    const [attached, waiting, events] = await allSettledOrThrow([attaching, asking, listening]);
    return { attached, waiting, events };
  } catch (error) {
    for (const one of [attaching, asking]) one.then(destroy, () => undefined);
    listening.then(close, () => undefined);
    throw error;
  }
}

/** What stays open keeps a program from ending. */
export function closeConnections({ attached, waiting, events }: ContainerConnections): void {
  attached.destroy();
  waiting.destroy();
  events.close();
}

function destroy(stream: Duplex | IncomingMessage): void {
  stream.destroy();
}

function close(events: ContainerEvents): void {
  events.close();
}
