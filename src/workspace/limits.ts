import type { DigestLimits } from './digest.ts';
import type { ScanLimits } from './scan-budget.ts';

/** How far looking at a workspace goes. Reaching one is told in the receipt, never silent. */
export interface WorkspaceLimits {
  /** Of each scan for changes. What a task could hide behind one, such as setuid files, is looked for without. */
  readonly scan: ScanLimits;
  /** Entries in each list of the receipt. */
  readonly listed: number;
  readonly digest: DigestLimits;
}

export const workspaceLimits: WorkspaceLimits = {
  scan: { files: 200_000, ms: 10_000 },
  listed: 10_000,
  digest: { bytes: 2 * 1024 ** 3, ms: 20_000 },
};
