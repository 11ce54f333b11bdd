import { connectEngine } from '../../engine/engines.ts';
import { within } from '../../engine/timer.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { nothingBroke, someOf } from '../findings.ts';
import { controlGroupsNaming, processesNaming, temporaryFilesNaming } from '../host-traces.ts';
import type { ProbePlace } from '../place.ts';
import type { HostFindings, Probe } from '../probe.ts';

export const leftoverProbes: readonly Probe[] = [
  {
    name: 'leftovers',
    tries: 'leave a deaf process in a session of its own behind',
    expects: 'no container, process, control group, lock or temporary file is left',
    promise: 'Nothing of a task is left behind but its files in the workspace and its receipt.',
    mechanism: {
      container: 'the container is removed with all its processes',
      gvisor: 'the sandbox is removed with all its processes',
      namespace: 'the PID namespace ends with all its processes',
      none: 'every process that carries the mark of the task is killed',
    },
    task: {
      language: 'sh',
      program: String.raw`
(trap "" TERM INT HUP; exec setsid sh -c 'trap "" TERM INT HUP; sleep 60; exit' "$1" </dev/null >/dev/null 2>&1) &
echo "tried to leave a process"
echo "fact marks $(grep -ohE '[0-9a-f]{64}' /proc/self/mountinfo /proc/self/cgroup 2>/dev/null | sort -u | tr '\n' ' ')"
echo done`,
      prepare: (place) =>
        Promise.resolve({ args: [place.token], after: (receipt) => leftOf(place, receipt) }),
    },
    judge: (seen) => nothingBroke(seen),
  },
];

const leftoverLimitMs = 3_000;
const leftoverPauseMs = 100;

/** An engine tidies up for a moment after it has said that the container is gone. */
async function leftOf(place: ProbePlace, receipt: Receipt): Promise<HostFindings> {
  const marks = /^fact marks (.*)$/m.exec(receipt.stdout.text ?? '')?.[1] ?? '';
  const words = [place.token, place.id, ...marks.split(' ').filter((word) => word !== '')];
  const until = performance.now() + leftoverLimitMs;
  let left = await tracesOf(place, words);
  while (left.length > 0 && performance.now() < until) {
    await within(leftoverPauseMs, new Promise(() => undefined), undefined);
    left = await tracesOf(place, words);
  }
  const searched = ['containers', 'processes', 'control groups', 'locks and temporary files'];
  return { tried: searched, broke: left.length === 0 ? [] : [`left behind: ${someOf(left)}`] };
}

async function tracesOf(place: ProbePlace, words: readonly string[]): Promise<string[]> {
  const found = await Promise.all([
    containersOf(place),
    processesNaming(words),
    controlGroupsNaming(words),
    temporaryFilesNaming(words),
  ]);
  return found.flat();
}

async function containersOf(place: ProbePlace): Promise<readonly string[]> {
  const spec = await place.spec({ language: 'sh', program: 'true' }, []);
  const { cancel } = place.battery;
  const engine = await connectEngine(spec, { cancel, env: process.env });
  try {
    return (await engine.diagnosis?.leftovers(place.id)) ?? [];
  } finally {
    await engine.close();
  }
}
