import { expect, test } from 'vitest';
import { battery } from '../../src/prove/battery.ts';
import { addFindings, readFindings } from '../../src/prove/findings.ts';
import type { HostFindings, Judgement } from '../../src/prove/probe.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { taskRecord } from './support/task-record.ts';

const killed = { exitCode: 137, signal: 'SIGKILL' } as const;
const passed = composeReceipt(taskRecord());
const failed = composeReceipt(taskRecord({ outcome: { kind: 'signaled', end: killed } }));
const outOfMemory = composeReceipt(taskRecord({ outcome: { kind: 'out-of-memory', end: killed } }));
const timedOut = composeReceipt(
  taskRecord({
    outcome: { kind: 'timed-out', end: killed },
    cause: { kind: 'deadline' },
    signals: [
      { signal: 'SIGTERM', afterMs: 2_000 },
      { signal: 'SIGKILL', afterMs: 2_500 },
    ],
  }),
);

type Seen = readonly [string, typeof passed, string, HostFindings];
const nothing: HostFindings = {};

const inGvisor = { ...failed, isolation: { ...failed.isolation, level: 'gvisor' as const } };
const untold = { ...failed, evidence: { ...failed.evidence, oomKills: null } };
const stopped = { ...untold, task: { exitCode: 143, signal: 'SIGTERM' } };
const countedByKernel: HostFindings = { facts: { 'host-kills': '1' } };
const endedInGvisor = { ...inGvisor, task: { exitCode: 1, signal: null } };

const held: readonly Seen[] = [
  ['memory-hog', outOfMemory, 'fact reached 28', nothing],
  ['memory-hog', inGvisor, 'fact reached 14', nothing],
  ['memory-hog', untold, 'fact reached 28', countedByKernel],
  ['swap', outOfMemory, 'fact on-top 0\nfact reached 28', nothing],
  ['fork-bomb', passed, 'fact refused again\nfact lived 30\ndone', nothing],
  ['cpu-share', passed, 'fact share 0.2\nfact throttled 11\ndone', nothing],
  ['deadline', timedOut, 'fact deaf 1', nothing],
  ['tmp-flood', passed, 'fact reached 48\nfact refused ENOSPC\ndone', nothing],
  ['no-new-privileges', passed, 'tried it\ndone', nothing],
];

const unproven: readonly Seen[] = [
  ['memory-hog', passed, 'fact reached 28\ndone', nothing],
  ['memory-hog', failed, 'fact reached 28', nothing],
  ['memory-hog', untold, 'fact reached 28', { facts: { 'host-kills': '0' } }],
  ['memory-hog', untold, 'fact host-kills 1\nfact reached 28', { facts: { 'host-kills': '0' } }],
  ['memory-hog', stopped, 'fact reached 28', countedByKernel],
  ['memory-hog', endedInGvisor, 'fact reached 14', nothing],
  ['swap', failed, 'fact on-top 0\nfact reached 28', nothing],
  ['swap', outOfMemory, 'fact reached 28', nothing],
  ['fork-bomb', passed, 'fact lived 30\ndone', nothing],
  ['fork-bomb', passed, 'fact refused again\nfact lived 3\ndone', nothing],
  ['fork-bomb', failed, 'fact refused again\nfact lived 30', nothing],
  ['cpu-share', passed, 'fact share 0.2\nfact throttled 0\ndone', nothing],
  ['cpu-share', passed, 'fact share 0.000\ndone', nothing],
  ['deadline', passed, 'fact deaf 1', nothing],
  ['deadline', timedOut, 'fact deaf 1', { untried: ['the child never came to life'] }],
  ['tmp-flood', passed, 'fact reached 12\ndone', nothing],
  ['tmp-flood', passed, 'fact reached 12\nfact refused broken disk\ndone', nothing],
  ['tmp-flood', outOfMemory, 'fact reached 12', nothing],
  ['no-new-privileges', passed, 'tried it', nothing],
  ['no-new-privileges', failed, 'tried it\ndone', nothing],
  ['no-new-privileges', passed, 'tried it\nuntried that\ndone', nothing],
  ['raw-sockets', passed, 'tried 1\ntried 2\ntried 3\ntried 4\ndone', nothing],
];

test.each(held)('%s is held where the host confirms it', (name, receipt, said, host) => {
  expect(judged([name, receipt, said, host])).toMatchObject({ verdict: 'held' });
});

test.each(unproven)(
  '%s is not held (%#) by the words of a program alone',
  (name, receipt, said, host) => {
    expect(judged([name, receipt, said, host])).toMatchObject({ verdict: 'unproven' });
  },
);

test("The host's own count of attempts cannot be lowered by what the program says", () => {
  const host = { facts: { 'least-attempts': '9' } };
  const said = 'tried 1\ntried 2\ntried 3\ntried 4\ntried 5\ntried 6\nfact least-attempts 1\ndone';
  expect(judged(['host-network', passed, said, host])).toMatchObject({ verdict: 'unproven' });
});

function judged([name, receipt, said, host]: Seen): Judgement | undefined {
  const findings = addFindings(readFindings(said), host);
  return battery.find((probe) => probe.name === name)?.judge({ receipt, findings });
}
