import type { Receipt } from '../../receipt/receipt.ts';
import {
  broken,
  held,
  measured,
  unproven,
  untestable,
  whatIsMissing,
  whyIncomplete,
} from '../findings.ts';
import { hostKills } from '../memory-kills.ts';
import type { Judgement, ProbeObservation } from '../probe.ts';

export const memoryMib = 32;
export const hogMib = 128;
export const pidsLimit = 32;
export const cpus = 0.2;
/** Twice the limit: an unlimited task comes near 1, a limited one stays near the limit. */
export const mostCpuShare = 2 * cpus;
/** Less is no busy loop, however many others the processor has to serve. */
const leastCpuShare = 0.01;
/** So much that the memory of the sandbox itself, gVisor's, does not come near the limit before the file does. */
export const floodMemoryMib = 96;
const mostFloodMib = floodMemoryMib / 2;

export function judgeHog(seen: ProbeObservation): Judgement {
  const reached = measured(seen, 'reached');
  if (reached === null) return unproven(whyIncomplete(seen.receipt));
  const { status } = seen.receipt;
  if (reached > memoryMib) return broken(`it had ${reached} MiB (${status})`);
  if (status === 'timed-out') return unproven('the deadline came before the limit');
  const said = `it had ${reached} of ${hogMib} MiB when it was ended (${status})`;
  if (wasKilledForMemory(seen.receipt)) return held(said);
  if (wasKilledUntold(seen)) return held(`${said}; this host's kernel counts a kill for memory`);
  return unproven(`it had ${reached} MiB, and no kill for memory was reported (${status})`);
}

function wasKilledForMemory(receipt: Receipt): boolean {
  const { status, evidence, isolation } = receipt;
  if (status === 'out-of-memory' || (evidence.oomKills ?? 0) > 0) return true;
  // The engine misses some of them where the whole of gVisor is killed: then there is a SIGKILL that is not ours.
  return isolation.level === 'gvisor' && wasKilledByOthers(receipt);
}

/** Where the engine never tells of such kills, the kernel does. */
function wasKilledUntold(seen: ProbeObservation): boolean {
  const { receipt } = seen;
  const isUntold = receipt.evidence.oomKills === null && (measured(seen, hostKills) ?? 0) > 0;
  return isUntold && wasKilledByOthers(receipt);
}

function wasKilledByOthers({ task, evidence }: Receipt): boolean {
  return task?.exitCode === 137 && evidence.signalsSent.length === 0;
}

export function judgeSwap(seen: ProbeObservation): Judgement {
  const onTop = measured(seen, 'on-top');
  if (onTop !== null && onTop > 0) {
    return broken(`the kernel's own limit file allows ${Math.round(onTop / 1024 ** 2)} MiB on top`);
  }
  const hogged = judgeHog(seen);
  if (hogged.verdict !== 'held') return hogged;
  if (onTop !== null) return held(`${hogged.evidence}; the kernel's limit file allows 0 on top`);
  const swap = measured(seen, 'swap-total');
  if (swap === null) return unproven('neither the limit file nor the swap of this machine is seen');
  if (swap === 0) {
    return untestable('this machine has no swap, and the limit file cannot be seen from inside');
  }
  return hogged;
}

export function judgeForks(seen: ProbeObservation): Judgement {
  const lived = measured(seen, 'lived');
  if (lived === null) return unproven(whyIncomplete(seen.receipt));
  if (lived >= pidsLimit) return broken(`${lived} processes lived at once`);
  const { refused } = seen.findings.facts;
  const missing = whatIsMissing(seen, 0);
  if (missing !== null) return unproven(missing);
  if (refused === undefined) return unproven(`only ${lived} lived, and no fork failed`);
  // Some are the command's own, the init's and the sandbox's.
  if (lived < pidsLimit / 2) {
    return unproven(`something else than the limit came after ${lived} processes: ${refused}`);
  }
  return held(`${lived} children lived, the next fork failed: ${refused}`);
}

export function judgeCpuShare(seen: ProbeObservation): Judgement {
  const share = measured(seen, 'share');
  if (share === null) return unproven(whyIncomplete(seen.receipt));
  const evidence = `${share} of a CPU`;
  if (share > mostCpuShare) return broken(evidence);
  const missing = whatIsMissing(seen, 0);
  if (missing !== null) return unproven(missing);
  if (share < leastCpuShare || measured(seen, 'throttled') === 0) {
    return unproven(`${evidence}: so little that it never came to its limit`);
  }
  return held(evidence);
}

export function judgeDeadline({ receipt, findings }: ProbeObservation): Judgement {
  const { status, evidence, timing } = receipt;
  if (findings.broke.length > 0) return broken(findings.broke.join('; '));
  if (findings.facts.deaf === undefined) return unproven(whyIncomplete(receipt));
  const signals = evidence.signalsSent.map(({ signal }) => signal).join(', ');
  const said = `${status} after ${Math.round(timing.durationMs ?? 0)} ms (${signals})`;
  // A command that ended before its deadline has not put it to the test.
  if (status !== 'timed-out' && evidence.deadline === null) return unproven(said);
  if (status !== 'timed-out' || !signals.includes('SIGKILL')) return broken(said);
  const { untried } = findings;
  return untried.length > 0 ? unproven(untried.join('; ')) : held(said);
}

export function judgeFlood(seen: ProbeObservation): Judgement {
  const reached = measured(seen, 'reached');
  if (reached === null) return unproven(whyIncomplete(seen.receipt));
  const said = `${reached} MiB fitted into /tmp`;
  if (reached > mostFloodMib) return broken(said);
  const missing = whatIsMissing(seen, 0);
  if (missing !== null) return unproven(missing);
  const { refused = 'no reason' } = seen.findings.facts;
  return refused === 'ENOSPC' ? held(said) : unproven(`${said}, and it ended for ${refused}`);
}
