import type { BatchSummary, RowStatus } from '../../../receipt/batch-summary.ts';

/** A task as the page knows it before it is opened. Texts are hostile. */
export interface PageRow {
  readonly index: number;
  readonly line: number | null;
  readonly id: string;
  readonly command: string;
  readonly status: RowStatus;
  readonly exitCode: number | null;
  readonly attempts: number;
  readonly reused: boolean;
  readonly slot: number | null;
  /** Since the batch began. */
  readonly startMs: number | null;
  readonly durationMs: number | null;
  readonly reason: string | null;
  readonly receipt: string | null;
}

export interface PageData {
  readonly name: string;
  readonly file: string | null;
  readonly ending: BatchSummary['ending'];
  readonly exitCode: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly jobs: number;
  readonly counts: BatchSummary['counts'];
  readonly tool: string;
  readonly rows: readonly PageRow[];
}

export interface PageOutput {
  readonly text: string;
  /** What came before it; null where it is not known. */
  readonly omittedBytes: number | null;
}

/** What is shown of a task that did not pass, once it is opened. */
export interface PageDetail {
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** Null where the page has no room left for them. */
  readonly output: { readonly stdout: PageOutput; readonly stderr: PageOutput } | null;
}

/** The `id` of the element that has the detail of a task. */
export function detailId(index: number): string {
  return `detail-${index}`;
}

/** The `id` of the element that has the page's data. */
export const dataId = 'data';
