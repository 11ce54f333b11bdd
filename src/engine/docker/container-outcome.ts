import { constants } from 'node:os';
import type Docker from 'dockerode';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { EnforcedLimits, EngineObservation } from '../engine.ts';

const signalNames = Object.entries(constants.signals) as [NodeJS.Signals, number][];

/**
 * Docker gives only a number, and 137 may be a death by SIGKILL or an `exit 137`. A signal is named only where
 * the engine saw that very signal delivered, or an out-of-memory kill. Podman's events do not name signals, but it
 * confirms those that we send.
 */
export function signalOf(
  exitCode: number,
  observed: readonly EngineObservation[],
  delivered: ReadonlySet<NodeJS.Signals>,
): NodeJS.Signals | null {
  const signal = signalNames.find(([, number]) => exitCode === 128 + number);
  if (!signal) return null;
  const [name, number] = signal;
  const wasSeen = observed.some(
    (one) =>
      (one.event === 'kill' && Number(one.signal) === number) ||
      (one.event === 'oom' && name === 'SIGKILL'),
  );
  return wasSeen || delivered.has(name) ? name : null;
}

/** The limits in force, as the engine reports them: it drops what its kernel cannot do, with a warning at most. */
export function enforcedLimits(
  { HostConfig }: Docker.ContainerInspectInfo,
  { limits }: TaskSpec,
): EnforcedLimits {
  const orNull = (value: number | undefined | null) => (value && value > 0 ? value : null);
  const nanoCpus = orNull(HostConfig.NanoCpus);
  return {
    memoryBytes: orNull(HostConfig.Memory),
    memorySwapBytes: orNull(HostConfig.MemorySwap),
    cpus: nanoCpus === null ? null : nanoCpus / 1e9,
    pidsLimit: orNull(HostConfig.PidsLimit),
    // These two are kept by the sandbox itself.
    timeoutMs: limits.timeoutMs === 0 ? null : limits.timeoutMs,
    killAfterMs: limits.killAfterMs,
  };
}
