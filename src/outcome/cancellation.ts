/** Who cancels a task without having sent `sandbox` a signal. */
export const cancellers = ['sandbox stop', 'batch deadline', 'batch halt', 'batch output'] as const;
export type Canceller = (typeof cancellers)[number];

/** The reason to abort a task with where nobody's signal is to be passed on: it gets SIGTERM. */
export class Cancellation {
  readonly by: Canceller;

  constructor(by: Canceller) {
    this.by = by;
  }
}

/** Who cancelled; null where that was a signal, or nobody did. */
export function cancellerOf({ reason }: AbortSignal): Canceller | null {
  return reason instanceof Cancellation ? reason.by : null;
}
