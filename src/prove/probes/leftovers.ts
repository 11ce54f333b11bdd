import { connectEngine } from '../../engine/engines.ts';
import { within } from '../../engine/timer.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { nothingBroke, someOf } from '../findings.ts';
import { Heart, beating, untilSeen } from '../heart.ts';
import { controlGroupsNaming, processesNaming, temporaryFilesNaming } from '../host-traces.ts';
import type { ProbePlace } from '../place.ts';
import type { HostFindings, Probe, Stage } from '../probe.ts';

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
(trap "" TERM INT HUP; exec setsid sh -c '${beating}' "$1" </dev/null >/dev/null 2>&1) &
${untilSeen}
echo "fact marks $(grep -ohE '[0-9a-f]{64}' /proc/self/mountinfo /proc/self/cgroup 2>/dev/null | sort -u | tr '\n' ' ')"
echo done`,
      prepare: watchForLeftovers,
    },
    judge: (seen) => nothingBroke(seen, 1 + searched.length),
  },
];

const searched = ['containers', 'processes', 'control groups', 'locks and temporary files'];

function watchForLeftovers(place: ProbePlace): Promise<Stage> {
  const heart = new Heart(place.workspace);
  const after = async (receipt: Receipt): Promise<HostFindings> => {
    const { broke = [], ...found } = await leftOf(place, receipt);
    const beats = await heart.stillBeats();
    const left = 'a process in a session of its own';
    return {
      tried: [...(found.tried ?? []), ...(heart.wasSeen ? [left] : [])],
      untried: heart.wasSeen ? [] : [`${left} (it never came to life)`],
      broke: [...broke, ...(beats ? [`left behind: ${left}, which still writes`] : [])],
    };
  };
  return Promise.resolve({ args: [place.token], after, dispose: () => heart.stop() });
}

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
