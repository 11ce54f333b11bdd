import type { StopCause } from '../outcome/termination.ts';

/** What happens during a run, for whoever shows it. */
export type RunEvent =
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'started' }
  | { readonly kind: 'stopping'; readonly cause: StopCause };
