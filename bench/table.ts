import { type Result, type RowResult, figureText, medianText, targetText } from './result.ts';
import type { Comparison, Series } from './row.ts';
import { type Verdict, median, quantile, verdictOf } from './statistics.ts';

const words: Readonly<Record<Verdict, string>> = {
  goal: '✓ goal',
  must: '✓ must',
  missed: '✗ missed',
  informs: '',
};

/** The whole report in Markdown. */
export function markdown(result: Result): string {
  const kind = result.isQuick ? ' (quick: few repetitions, the figures do not count)' : '';
  return [
    `# Benchmarks${kind}`,
    'Made by `npm run bench`; bench/README.md says how it measures. Figures are medians of ratios taken round by round; from the first to the third quartile in brackets.',
    '![The figures against their limits](results.svg)',
    table(['measure', 'against', 'figure', 'limit', ''], result.rows.flatMap(resultLines)),
    ...bullets([...result.notes, ...result.rows.flatMap(notesOf)]),
    '## What was measured',
    table(['row', 'subject', 'median', 'least', 'most', 'runs'], result.rows.flatMap(seriesLines)),
    '## Where',
    table(['', ''], Object.entries(result.machine)),
    'Every single figure is in [results.json](results.json).',
  ].join('\n\n');
}

function resultLines({ name, about, outcome }: RowResult): string[][] {
  if (outcome.kind === 'measured') return outcome.comparisons.map(comparisonLine);
  return [[about, '', `${outcome.kind}: ${outcome.reason}`, '', `\`${name}\``]];
}

function comparisonLine(comparison: Comparison): string[] {
  const { title, against, unit, values, target } = comparison;
  const [low, high] = [0.25, 0.75].map((share) => figureText(quantile(values, share), unit));
  const figure = values.length < 3 ? '' : ` (${low ?? ''} – ${high ?? ''})`;
  const limit = target === null ? '' : targetText(target, unit);
  const verdict = words[verdictOf(comparison)];
  return [title, against ?? '', `**${medianText(comparison)}**${figure}`, limit, verdict];
}

function notesOf({ outcome }: RowResult): readonly string[] {
  return outcome.kind === 'measured' ? outcome.notes : [];
}

function seriesLines({ name, outcome }: RowResult): string[][] {
  if (outcome.kind !== 'measured') return [];
  return outcome.series.map(({ label, unit, samples }) => [
    name,
    label,
    ...[median(samples), Math.min(...samples), Math.max(...samples)].map((value) =>
      valueText(value, unit),
    ),
    `${samples.length}`,
  ]);
}

export function valueText(value: number, unit: Series['unit']): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
}

function bullets(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join('\n')];
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const cells = (line: readonly string[]) => `| ${line.map(escaped).join(' | ')} |`;
  return [cells(head), cells(head.map(() => '---')), ...lines.map(cells)].join('\n');
}

/** A message of a failure may hold anything. */
function escaped(cell: string): string {
  return cell.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
