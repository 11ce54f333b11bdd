import type { DirectoryChain } from '../engine/directory-chain.ts';
import type { TimeSlice } from '../engine/time-slice.ts';
import { type Entry, type Step, type Unseen, type WalkOptions, walk } from './walk.ts';

/** Learns from a walk. The chain is where `walk` says. */
export interface Observer {
  enter?(step: Step & { kind: 'enter' }, chain: DirectoryChain): void;
  entry?(step: Entry, chain: DirectoryChain): void | Promise<void>;
  leave?(step: Step & { kind: 'leave' }, chain: DirectoryChain): void | Promise<void>;
  unseen?(step: Unseen, chain: DirectoryChain): void;
}

export interface Survey extends WalkOptions {
  readonly chain: DirectoryChain;
  readonly slice: TimeSlice;
  readonly observers: readonly Observer[];
  /** Where it answers true, nobody needs to know more. */
  readonly isEnough?: () => boolean;
}

/** One walk for all observers, in their order; closes the chain. */
export async function survey({ chain, slice, observers, isEnough, ...options }: Survey) {
  try {
    for (const step of walk(chain, options)) {
      if (slice.isOver) await slice.rest();
      for (const observer of observers) {
        const work = tell(observer, step, chain);
        if (work) await work;
      }
      if (isEnough?.()) return;
    }
  } finally {
    chain.close();
  }
}

function tell(observer: Observer, step: Step, chain: DirectoryChain): void | Promise<void> {
  switch (step.kind) {
    case 'tick':
      return undefined;
    case 'enter':
      return observer.enter?.(step, chain);
    case 'entry':
      return observer.entry?.(step, chain);
    case 'leave':
      return observer.leave?.(step, chain);
    case 'unseen':
      return observer.unseen?.(step, chain);
  }
}
