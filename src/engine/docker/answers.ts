import type { IncomingMessage } from 'node:http';

/** Rejects when the signal aborts. */
export async function abortOf(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    const abort = () => reject(new Error('the call was given up'));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Of an answer that is not JSON, the client library makes bytes, or an object without an id. */
export function checked<T>(answer: T): T {
  const isText = Buffer.isBuffer(answer) && answer.length > 0;
  const isNameless = typeof answer === 'object' && answer !== null && 'id' in answer && !answer.id;
  if (isText || isNameless) throw new Error('expected JSON, got something else');
  return answer;
}

/** An answer that lacks what every engine tells is no answer; `null` in a field is left to whoever reads it. */
export function having<T extends object>(answer: T, ...keys: readonly (keyof T & string)[]): T {
  const missing = keys.find((key) => (answer as Partial<T>)[key] === undefined);
  if (missing !== undefined) throw new Error(`expected "${missing}" in its answer, found none`);
  return answer;
}

/** The whole body. */
export async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Rejects with what a refusal says, and its status. */
export async function rejectWithBody(response: IncomingMessage, reject: (error: unknown) => void) {
  try {
    const text = await textOf(response);
    reject(Object.assign(new Error(messageIn(text)), { statusCode: response.statusCode }));
  } catch (error) {
    reject(error);
  }
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}
