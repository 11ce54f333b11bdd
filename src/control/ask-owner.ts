import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { within } from '../engine/timer.ts';
import { SandboxFailure, errnoOf } from '../failure.ts';
import type { Mark } from './mark.ts';
import { type ControlMessage, type ControlRequest, lineOf, parseMessage } from './message.ts';

/** A process that is stopped or stuck takes connections and answers nothing. */
const answerLimitMs = 3_000;

/** Where the owner of a task does not answer: it is gone, stopped, or stuck. */
export class OwnerSilent extends Error {}

/**
 * What the process that runs a task answers. Throws OwnerSilent where it does not, and a SandboxFailure where it
 * refuses.
 */
export async function* askOwner(
  { socketPath }: Pick<Mark, 'socketPath'>,
  request: ControlRequest,
  cancel: AbortSignal,
): AsyncGenerator<ControlMessage> {
  const socket = connect(socketPath);
  const onCancel = () => socket.destroy();
  cancel.addEventListener('abort', onCancel, { once: true });
  try {
    await connected(socket);
    socket.write(lineOf(request));
    yield* messagesOf(socket);
  } catch (error) {
    cancel.throwIfAborted();
    throw error;
  } finally {
    cancel.removeEventListener('abort', onCancel);
    socket.destroy();
  }
  cancel.throwIfAborted();
}

async function connected(socket: Socket): Promise<void> {
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new OwnerSilent(errnoOf(cause) ?? 'no connection', { cause });
  }
}

async function* messagesOf(socket: Socket): AsyncGenerator<ControlMessage> {
  const lines = linesOf(socket);
  const first = await within(answerLimitMs, lines.next(), null);
  if (first === null) throw new OwnerSilent('no answer');
  for (let next = first; next.done !== true; next = await lines.next()) {
    const message = parseMessage(next.value);
    if (message?.kind === 'refused') throw refused(message.reason);
    if (message !== null) yield message;
  }
}

/** A connection that breaks ends as one that was closed: what is missing is the last message. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = '';
  socket.setEncoding('utf8');
  try {
    for await (const part of socket as AsyncIterable<string>) {
      const lines = `${rest}${part}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch {
    return;
  }
}

function refused(reason: string): SandboxFailure {
  return new SandboxFailure('engine-error', `the process that runs the task refused: ${reason}`, {
    hint: 'It may be of another version of sandbox.',
  });
}
