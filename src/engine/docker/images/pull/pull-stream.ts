import { StringDecoder } from 'node:string_decoder';

/** What an engine tells of long work, one object per line. */
export interface EngineLine {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  /** From API 1.48 on it is called out of date. */
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly aux?: unknown;
}

/** The engine's own report that it failed, in the middle of an answer that began well. */
export class EngineReport extends Error {
  override readonly name = 'EngineReport';
}

/** The lines of an answer as they come. The engine answers 200 first and reports a failure among them. */
export async function* engineLines(answer: AsyncIterable<Buffer>) {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of answer) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield* parsed(line);
  }
  yield* parsed(rest);
}

function* parsed(text: string): Generator<EngineLine> {
  if (text.trim() === '') return;
  const line = JSON.parse(text) as EngineLine;
  const failure = line.errorDetail?.message ?? line.error;
  if (failure) throw new EngineReport(failure);
  yield line;
}
