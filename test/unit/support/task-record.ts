import { OutputCapture } from '../../../src/outcome/output.ts';
import type { TaskRecord } from '../../../src/receipt/compose-receipt.ts';
import { taskSpec } from './task-spec.ts';

function captured(text: string) {
  const capture = new OutputCapture(1024);
  capture.write(Buffer.from(text));
  return capture.finish();
}

const nothingLooked = {
  changes: null,
  defused: null,
  growthBytes: null,
  applied: null,
  copyKeptAt: null,
};

/** A task that ran on an engine and passed. */
export function taskRecord(changes: Partial<TaskRecord> = {}): TaskRecord {
  const end = { exitCode: 0, signal: null };
  return {
    spec: taskSpec(),
    outcome: { kind: 'exited', end },
    engine: {
      name: 'docker',
      product: 'Docker Engine - Community',
      version: '28.2.2',
      apiVersion: '1.50',
      address: 'unix:///var/run/docker.sock',
      runtime: 'runc',
      rootless: false,
      cgroupVersion: 2,
    },
    sandbox: {
      image: {
        reference: 'debian:bookworm-slim',
        id: 'sha256:abc',
        digest: 'debian@sha256:def',
        recipe: null,
        origin: 'present',
        preparedMs: null,
        minimal: false,
      },
      runtime: 'runc',
      isolation: { level: 'container', simulated: false, loosened: [] },
      notEnforced: [],
      enforced: {
        memoryBytes: 536_870_912,
        memorySwapBytes: 536_870_912,
        cpus: 1,
        pidsLimit: 256,
        timeoutMs: 120_000,
        killAfterMs: 5_000,
      },
      user: '1000:1000',
      network: { name: 'isolated', id: 'network-id', reaches: [] },
      handle: 'container-id',
    },
    ending: {
      end,
      oomKills: 0,
      stoppedBy: null,
      endedFirst: false,
      watchdog: null,
      isOver: false,
      observed: [{ event: 'die', at: '2025-01-01T00:00:02.000Z', exitCode: 0 }],
    },
    stdout: captured('out\n'),
    stderr: captured(''),
    workspace: nothingLooked,
    overLimitBytes: null,
    outputComplete: true,
    removed: true,
    startAsked: true,
    cause: null,
    signals: [],
    canceller: null,
    startedAt: new Date('2025-01-01T00:00:00Z'),
    finishedAt: new Date('2025-01-01T00:00:02Z'),
    durationMs: 2_000.123,
    phases: { connect: 10.1, run: 2_000.1 },
    ...changes,
  };
}

/** One that came to nothing before an engine answered. */
export const nothingKnown = {
  engine: null,
  sandbox: null,
  ending: null,
  removed: null,
  startedAt: null,
  finishedAt: null,
  durationMs: null,
  phases: {},
} as const;
