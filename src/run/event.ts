import type { ImageProgress, SandboxFacts } from '../engine/engine.ts';

/** What happens during a run, for whoever shows it. */
export type RunEvent =
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'image'; readonly progress: ImageProgress }
  /** Made, and about to start. */
  | { readonly kind: 'ready'; readonly facts: SandboxFacts }
  | { readonly kind: 'started' }
  /** The command has: what is left of it is yet to be removed, and the receipt to be written. */
  | { readonly kind: 'ended' };
