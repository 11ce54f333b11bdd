import type { Socket } from 'node:net';
import { startTimer } from '../engine/timer.ts';
import { type ControlRequest, parseRequest } from './message.ts';

const mostBytes = 4096;
const limitMs = 10_000;

/** The one line that whoever connects has to send; null where none comes, or it is no request. */
export async function readRequest(socket: Socket): Promise<ControlRequest | null> {
  let cancelLimit: () => void = () => undefined;
  try {
    const line = await new Promise<string | null>((resolve) => {
      let text = '';
      cancelLimit = startTimer(limitMs, () => resolve(null));
      socket.setEncoding('utf8');
      socket.on('data', (part: string) => {
        if (text.length > mostBytes) return;
        text += part;
        const end = text.indexOf('\n');
        if (end !== -1) resolve(text.slice(0, end));
        else if (text.length > mostBytes) resolve(null);
      });
      socket.once('close', () => resolve(null));
    });
    return line === null ? null : parseRequest(line);
  } finally {
    cancelLimit();
  }
}
