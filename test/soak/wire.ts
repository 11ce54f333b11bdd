import { join } from 'node:path';
import {
  type Fault as WireFault,
  answer,
  breakOff,
  faultyEngine,
  freeze,
  hangUp,
  respond,
} from '../helpers/faulty-engine.ts';
import type { Fault, PlannedTask } from './plan.ts';

const wireFaults: Partial<Record<Fault, WireFault>> = {
  'wire-hang-up': hangUp,
  'wire-broken-answer': breakOff,
  'wire-500': respond(500, '{"message":"something is wrong inside"}'),
  'wire-409': respond(409, '{"message":"conflict: something else is going on"}'),
  'wire-malformed': answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a":[1,}'),
  'wire-frozen': freeze,
};

export interface Wire {
  readonly host: string;
  close(): Promise<void>;
}

/** The way of one task to the engine, on which one of its calls goes wrong. Null where nothing does. */
export async function wireFor(
  task: PlannedTask,
  { directory, enginePath }: { readonly directory: string; readonly enginePath: string },
): Promise<Wire | null> {
  if (!task.fault.startsWith('wire-')) return null;
  const path = join(directory, `${task.id}.sock`);
  let calls = 0;
  const faultOf = (): WireFault | null => {
    calls += 1;
    return calls === task.faultyCall + 1 ? (wireFaults[task.fault] ?? null) : null;
  };
  const delayMs = task.fault === 'wire-slow' ? 150 : 0;
  const engine = await faultyEngine(path, faultOf, enginePath, delayMs);
  return { host: `unix://${path}`, close: () => engine.close() };
}
