import { unlinkSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { type KeptStreams, type StreamName, lastLinesOfEach } from '../outcome/kept-output.ts';
import { keptMessages } from './kept-messages.ts';
import { type MarkedTask, markedCommand, newMarkPlace, sweepControls, writeMark } from './mark.ts';
import { type ControlMessage, type EndedMessage, lineOf } from './message.ts';
import { Outbox } from './outbox.ts';
import { readRequest } from './read-request.ts';

export interface ControlOptions {
  /** Called where somebody asks for the end of a task that nothing ends yet. */
  readonly onStop: () => void;
  /** Whether its end is under way already: then its grace is left to it. */
  readonly isEnding: () => boolean;
  /** What there is of the output so far. */
  readonly kept: () => KeptStreams;
}

/** What each of them holds in memory is bounded, and so is what all of them do. */
const mostReaders = 16;

/** Where other processes of this user can stop a running task or read what it prints. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #outboxes = new Set<Outbox>();
  /** Those that also get what is still to come. */
  readonly #followers = new Set<Outbox>();
  #server: Server | null = null;
  #paths: readonly string[] = [];
  #isClosed = false;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** First its mark: a socket without one has nobody to say whose it is. */
  async open(task: MarkedTask): Promise<void> {
    const { markPath, socketPath } = await newMarkPlace();
    this.#paths = [socketPath, markPath];
    await writeMark(markPath, { ...task, command: markedCommand(task.command) });
    this.#server = createServer((socket) => void this.#serve(socket));
    await listening(this.#server, socketPath);
    sweepOnce();
  }

  feed(stream: StreamName, chunk: Buffer): void {
    for (const outbox of this.#followers) outbox.push(stream, chunk);
  }

  /** Tells everyone who is still there how it ended; a reader who takes nothing is left behind. */
  async close(ended: Omit<EndedMessage, 'kind'>): Promise<void> {
    this.#isClosed = true;
    this.#server?.close();
    // The server removes its socket, too, but not before the last connection has gone.
    for (const path of this.#paths) removeQuietly(path);
    for (const outbox of this.#outboxes) outbox.finish({ kind: 'ended', ...ended });
    await Promise.all([...this.#outboxes].map((outbox) => outbox.delivered()));
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy());
    const request = await readRequest(socket);
    if (this.#isClosed || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (request === null) refuse(socket, 'it did not understand what was asked');
    else if (request.ask === 'stop') this.#addStopper(socket);
    else if (this.#outboxes.size < mostReaders) this.#addReader(socket, request);
    else refuse(socket, `${mostReaders} others read already`);
  }

  #addStopper(socket: Socket): void {
    const isEnding = this.#options.isEnding();
    this.#add(socket, isEnding ? [{ kind: 'ending' }] : []);
    if (!isEnding) this.#options.onStop();
  }

  #addReader(socket: Socket, { follow, tail }: { follow: boolean; tail: number | null }): void {
    const kept = lastLinesOfEach(this.#options.kept(), tail);
    const outbox = this.#add(socket, keptMessages(kept));
    if (!follow) outbox.finish({ kind: 'so-far' });
    else this.#followers.add(outbox);
  }

  #add(socket: Socket, first: Iterable<ControlMessage>): Outbox {
    const outbox = new Outbox(socket, accepting(first));
    this.#outboxes.add(outbox);
    socket.once('close', () => {
      this.#outboxes.delete(outbox);
      this.#followers.delete(outbox);
    });
    return outbox;
  }
}

async function listening(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // Later on, one connection that cannot be taken is the loss of who made it.
    server.on('error', reject);
    server.listen(path, resolve);
  });
}

function* accepting(first: Iterable<ControlMessage>): Generator<ControlMessage> {
  yield { kind: 'accepted' };
  yield* first;
}

function refuse(socket: Socket, reason: string): void {
  socket.end(lineOf({ kind: 'refused', reason }));
}

let sweeping: Promise<unknown> | null = null;

/** A batch of a thousand tasks need not look a thousand times. */
function sweepOnce(): void {
  sweeping ??= sweepControls().catch(() => undefined);
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or somebody has tidied up.
  }
}
