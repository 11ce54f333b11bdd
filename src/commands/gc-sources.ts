import { controlLeftovers } from '../control/mark.ts';
import type { Engine, Leftover } from '../engine/engine.ts';
import { connectEngine, isNoneAnywhere } from '../engine/engines.ts';
import { hostLeftovers } from '../engine/host-leftovers.ts';
import { SandboxFailure } from '../failure.ts';
import { abandonedPlaces } from '../prove/place.ts';
import { leftoversBeside } from '../run/leftovers-beside.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { GcRequest } from './gc-request.ts';

interface Around {
  readonly cancel: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Called where there is none, and none was asked for. */
  readonly onNoEngine: (failure: SandboxFailure) => void;
}

export interface Found {
  readonly leftovers: readonly Leftover[];
  /** Why some place could not be looked through. */
  readonly failures: readonly SandboxFailure[];
}

/** Everything that killed runs left, for as long as the work takes: an engine must be connected while it is removed. */
export async function withLeftovers<T>(
  { spec, receiptDirectories }: GcRequest,
  around: Around,
  work: (found: Found) => Promise<T>,
): Promise<T> {
  const engines: Engine[] = [];
  const ofEngine = async (asked: TaskSpec): Promise<readonly Leftover[]> => {
    const engine = await engineOf(asked, { isOptional: spec.engine === 'auto', around });
    if (engine === null) return [];
    engines.push(engine);
    return await engine.housekeeping.leftovers(around.cancel);
  };
  try {
    const found = await Promise.allSettled([
      ...enginesOf(spec).map(ofEngine),
      hostLeftovers(),
      abandonedPlaces(),
      controlLeftovers(),
      ...receiptDirectories.map((path) => leftoversBeside(path)),
    ]);
    around.cancel.throwIfAborted();
    return await work(gathered(found));
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

/** Whoever names none means every one that there is: a task may have run on either. */
function enginesOf(spec: TaskSpec): TaskSpec[] {
  const names = spec.engine === 'auto' ? (['docker', 'simulation'] as const) : [spec.engine];
  return names.map((engine) => ({ ...spec, engine, isolation: 'none' }));
}

/** Null where there is none, and none was asked for. */
async function engineOf(
  spec: TaskSpec,
  { isOptional, around }: { isOptional: boolean; around: Around },
): Promise<Engine | null> {
  try {
    return await connectEngine(spec, { ...around, keepsLeftovers: true });
  } catch (error) {
    if (!isOptional || !isNoneAnywhere(error)) throw error;
    around.onNoEngine(error);
    return null;
  }
}

/** One place that cannot be looked through does not keep the others. */
function gathered(found: readonly PromiseSettledResult<readonly Leftover[]>[]): Found {
  const leftovers: Leftover[] = [];
  const failures: SandboxFailure[] = [];
  for (const one of found) {
    if (one.status === 'fulfilled') leftovers.push(...one.value);
    else if (one.reason instanceof SandboxFailure) failures.push(one.reason);
    else throw one.reason;
  }
  return { leftovers, failures };
}
