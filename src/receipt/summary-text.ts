import type { BatchSummary } from './batch-summary.ts';

/** As text those of a large batch would take more memory than all else that it keeps. */
const rowsAtOnce = 200;

/** The text of JSON.stringify(summary, null, 2), in parts. */
export function* summaryText(summary: BatchSummary): Generator<string> {
  const { tasks } = summary;
  const empty = '"tasks": []';
  const frame = JSON.stringify({ ...summary, tasks: [] }, null, 2);
  // It stands there once: a quote in a text is written as \".
  const at = tasks.length === 0 ? frame.length : frame.indexOf(empty);
  yield frame.slice(0, at);
  if (tasks.length === 0) return;
  for (let from = 0; from < tasks.length; from += rowsAtOnce) {
    const rows = tasks.slice(from, from + rowsAtOnce).map(indented);
    yield `${from === 0 ? '"tasks": [' : ','}\n    ${rows.join(',\n    ')}`;
  }
  yield `\n  ]${frame.slice(at + empty.length)}`;
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n    ');
}
