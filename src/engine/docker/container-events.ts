import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { EngineObservation } from '../engine.ts';
import { within } from '../timer.ts';
import type { DockerApi } from './docker-api.ts';

interface EngineEvent {
  readonly Action?: string;
  readonly timeNano?: number;
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/** Podman has words of its own, and knows only those in a filter; some versions translate them in what they report. */
const podmanWords: Readonly<Record<string, string>> = { died: 'die', remove: 'destroy' };

/**
 * What the engine reports of one container while it lives. Lack of memory is told from here: once an
 * auto-removed container is gone its state cannot be read any more, and 137 alone says nothing.
 */
export class ContainerEvents {
  readonly observed: EngineObservation[] = [];
  readonly #response: IncomingMessage;
  readonly #waiting = new Map<string, () => void>();

  private constructor(response: IncomingMessage) {
    this.#response = response;
    void this.#follow();
  }

  static async subscribe(api: DockerApi, containerId: string): Promise<ContainerEvents> {
    const filters = {
      container: [containerId],
      event: ['oom', 'die', 'kill', 'destroy', ...Object.keys(podmanWords)],
      type: ['container'],
    };
    const query = new URLSearchParams({ filters: JSON.stringify(filters) });
    return new ContainerEvents(await api.stream('GET', `/events?${query.toString()}`));
  }

  count(event: string): number {
    return this.observed.filter((observation) => observation.event === event).length;
  }

  /** True once the event was seen, false when it did not come within the limit. */
  async seen(event: string, limitMs: number): Promise<boolean> {
    if (this.count(event) > 0) return true;
    const arrival = new Promise<boolean>((resolve) => {
      this.#waiting.set(event, () => resolve(true));
    });
    return await within(limitMs, arrival, false);
  }

  close(): void {
    this.#response.destroy();
  }

  async #follow(): Promise<void> {
    try {
      for await (const line of createInterface({ input: this.#response })) this.#record(line);
    } catch {
      // The connection ended: what was seen so far stands, and `seen` answers by its limit.
    }
  }

  #record(line: string): void {
    const { Action, timeNano, Actor } = JSON.parse(line) as EngineEvent;
    if (!Action) return;
    const event = podmanWords[Action] ?? Action;
    const { signal, exitCode } = Actor?.Attributes ?? {};
    this.observed.push({
      event,
      at: timeNano ? new Date(timeNano / 1e6).toISOString() : null,
      ...(signal ? { signal } : {}),
      ...(exitCode ? { exitCode: Number(exitCode) } : {}),
    });
    this.#waiting.get(event)?.();
  }
}
