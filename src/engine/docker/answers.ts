import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../failure.ts';

/** Rejects when the signal aborts. */
export async function abortOf(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    const abort = () => reject(new Error('the call was given up'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** What an answer says, null where it says nothing; throws what a refusal says, and its status. */
export async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) throw await refusalOf(response);
  const text = await textOf(response);
  try {
    return text === '' ? null : JSON.parse(text);
  } catch (cause) {
    throw new Error(`expected JSON, got something else (${messageOf(cause)})`, { cause });
  }
}

/** The whole body. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Rejects with what a refusal says, and its status. */
export async function rejectWithBody(response: IncomingMessage, reject: (error: unknown) => void) {
  reject(await refusalOf(response).catch((error: unknown) => error));
}

async function refusalOf(response: IncomingMessage): Promise<Error> {
  const text = await textOf(response);
  return Object.assign(new Error(messageIn(text)), { statusCode: response.statusCode });
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
