import { statSync } from 'node:fs';
import { DirectoryChain } from '../engine/directory-chain.ts';
import { TimeSlice } from '../engine/time-slice.ts';
import { DiskUse } from './disk-use.ts';
import { namelessBytes } from './nameless-files.ts';
import { survey } from './survey.ts';

const leastIntervalMs = 250;
/** Measuring may take this part of the time at most. */
const restFactor = 5;

interface Growth {
  readonly path: string;
  readonly startBytes: number;
  readonly limitBytes: number;
  readonly onExceeded: (seenBytes: number) => void;
}

/** Measures at intervals until growth has passed the limit; answers a stop function. */
export function watchGrowth(growth: Growth): () => void {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const next = (waitMs: number) => {
    timer = setTimeout(() => void measure(), waitMs);
  };
  const measure = async () => {
    const startedMs = performance.now();
    const seenBytes = await measureGrowth(growth, stop.signal);
    if (stop.signal.aborted) return;
    if (seenBytes > growth.limitBytes) growth.onExceeded(seenBytes);
    else next(Math.max(leastIntervalMs, restFactor * (performance.now() - startedMs)));
  };
  next(leastIntervalMs);
  return () => {
    stop.abort();
    if (timer) clearTimeout(timer);
  };
}

/** Ends as soon as the limit is passed. Directories of ours that the task denied are looked at all the same. */
async function measureGrowth(growth: Growth, cancel: AbortSignal): Promise<number> {
  const use = new DiskUse();
  const mostBytes = growth.startBytes + growth.limitBytes;
  let hiddenBytes = 0;
  try {
    hiddenBytes = namelessBytes(statSync(growth.path, { bigint: true }));
    await survey({
      chain: DirectoryChain.open(growth.path, { insist: true }),
      slice: new TimeSlice(cancel),
      observers: [use],
      insist: true,
      isEnough: () => use.bytes + hiddenBytes > mostBytes,
    });
  } catch {
    // Stopped, or the task has made its workspace unreadable.
  }
  return use.bytes + hiddenBytes - growth.startBytes;
}
