import type { ImageProgress } from '../engine/engine.ts';

/** What happens during a run, for whoever shows it. */
export type RunEvent =
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'image'; readonly progress: ImageProgress }
  | { readonly kind: 'started' };
