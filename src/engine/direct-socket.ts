import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

type Deliver = (chunk: Buffer) => void;

/** As much as the kernel holds for a local connection, so that whoever is behind catches up in one step. */
const bufferBytes = 256 * 1024;

/**
 * A connection that can hand all it reads to one listener, always in the same piece of memory: a stream that
 * allocates each chunk leaves memory behind faster than it is collected.
 */
export class DirectSocket extends Socket {
  readonly #listener: { deliver: Deliver };

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(bufferBytes);
    const listener: { deliver: Deliver } = { deliver: () => undefined };
    const callback = (bytesRead: number) => {
      listener.deliver(buffer.subarray(0, bytesRead));
      return true;
    };
    // The type declarations have it for `connect` only, which passes it on.
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      onread: { buffer, callback },
    };
    super(options);
    this.#listener = listener;
    // As any other stream for whoever reads it before that: HTTP itself.
    listener.deliver = (chunk) => {
      if (!this.push(Buffer.from(chunk))) this.pause();
    };
  }

  /** From here on a chunk is valid only until `deliver` returns. `pause` and `resume` work as ever. */
  handTo(deliver: Deliver): void {
    const early = this.read() as Buffer | null;
    this.#listener.deliver = deliver;
    this.resume();
    if (early) deliver(early);
  }
}
