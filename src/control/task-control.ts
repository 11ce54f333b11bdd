import { Deferred } from '../engine/deferred.ts';
import { within } from '../engine/timer.ts';
import type { StreamName } from '../outcome/kept-output.ts';
import type { ControlOptions, ControlServer } from './control-server.ts';
import type { MarkedTask } from './mark.ts';
import type { EndedMessage } from './message.ts';

/** What is over by then is over before anybody could ask for it. */
const shortTaskMs = 100;

/** Where other processes of this user can stop a running task or read what it prints. */
export class TaskControl {
  readonly #options: ControlOptions;
  #opening: Promise<void> = Promise.resolve();
  #server: ControlServer | null = null;
  readonly #closing = new Deferred();
  #isClosed = false;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** To be called once the task runs, and not to be waited for; rejects where it cannot be had. */
  async open(task: MarkedTask): Promise<void> {
    // Windows has no sockets at paths of files.
    if (process.platform === 'win32') return;
    const opening = this.#open(task);
    this.#opening = opening.catch(() => undefined);
    await opening;
  }

  readonly feed = (stream: StreamName, chunk: Buffer): void => {
    if (chunk.length > 0) this.#server?.feed(stream, chunk);
  };

  /** Tells everyone who is still there how it ended; a reader who takes nothing is left behind. */
  async close(ended: Omit<EndedMessage, 'kind'>): Promise<void> {
    this.#isClosed = true;
    this.#closing.reach();
    await this.#opening;
    await this.#server?.close(ended);
  }

  /** Loaded only where it is needed: a task that starts must not wait for it. */
  async #open(task: MarkedTask): Promise<void> {
    await within(shortTaskMs, this.#closing.reached, undefined);
    if (this.#isClosed) return;
    const { ControlServer } = await import('./control-server.ts');
    this.#server = new ControlServer(this.#options);
    await this.#server.open(task);
  }
}
