import type Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import { enforcedLimits, signalOf } from '../../src/engine/docker/container-outcome.ts';
import type { EngineObservation } from '../../src/engine/engine.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';

const at = '2025-01-01T00:00:00.000Z';
const kill = (signal: number): EngineObservation => ({ event: 'kill', at, signal: `${signal}` });
const oom: EngineObservation = { event: 'oom', at };
const die: EngineObservation = { event: 'die', at, exitCode: 137 };

describe('the signal that ended a task', () => {
  test.each([
    { ending: 'an exit code of its own', exitCode: 7, observed: [kill(9)], signal: null },
    {
      ending: '137 and a SIGKILL that was seen',
      exitCode: 137,
      observed: [kill(9), die],
      signal: 'SIGKILL',
    },
    {
      ending: '137 and an out-of-memory kill',
      exitCode: 137,
      observed: [oom, die],
      signal: 'SIGKILL',
    },
    { ending: '137 that nobody sent', exitCode: 137, observed: [die], signal: null },
    { ending: '137 after another signal', exitCode: 137, observed: [kill(15)], signal: null },
    {
      ending: '143 and a SIGTERM that was seen',
      exitCode: 143,
      observed: [kill(15)],
      signal: 'SIGTERM',
    },
    { ending: '143 after both', exitCode: 143, observed: [kill(15), kill(9)], signal: 'SIGTERM' },
    { ending: '143 and an out-of-memory kill', exitCode: 143, observed: [oom], signal: null },
    {
      ending: '130 and a SIGINT that was seen',
      exitCode: 130,
      observed: [kill(2)],
      signal: 'SIGINT',
    },
    {
      ending: '134 and a SIGABRT that was seen',
      exitCode: 134,
      observed: [kill(6)],
      signal: 'SIGABRT',
    },
    { ending: '128, which is no signal', exitCode: 128, observed: [kill(0)], signal: null },
    { ending: '255, which is no signal', exitCode: 255, observed: [kill(127)], signal: null },
    { ending: 'success', exitCode: 0, observed: [kill(15), oom], signal: null },
  ])('is named only where it is certain: $ending', ({ exitCode, observed, signal }) => {
    expect(signalOf(exitCode, observed, new Set())).toBe(signal);
  });
});

/** An engine that did everything it was asked for, and what it says where it did not. */
function inspected(changes: Docker.HostConfig = {}): Docker.ContainerInspectInfo {
  const HostConfig: Docker.HostConfig = {
    Memory: 536_870_912,
    MemorySwap: 536_870_912,
    NanoCpus: 1_000_000_000,
    PidsLimit: 256,
    ...changes,
  };
  return { HostConfig } as Docker.ContainerInspectInfo;
}

describe('the limits in force', () => {
  test('are those that the engine reports, and null where it has none', () => {
    const limits = taskLimits({ timeoutMs: 0, killAfterMs: 0 });
    expect(
      enforcedLimits(inspected({ MemorySwap: -1, PidsLimit: 0 }), taskSpec({ limits })),
    ).toEqual({
      memoryBytes: 536_870_912,
      memorySwapBytes: null,
      cpus: 1,
      pidsLimit: null,
      timeoutMs: null,
      killAfterMs: 0,
    });
  });

  test('hold the deadline, which the sandbox keeps itself', () => {
    const { timeoutMs, killAfterMs } = enforcedLimits(inspected(), taskSpec());
    expect({ timeoutMs, killAfterMs }).toEqual({ timeoutMs: 120_000, killAfterMs: 5_000 });
  });
});
