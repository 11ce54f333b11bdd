import { type Result, comparisonsOf, medianText, targetText } from './result.ts';
import type { Comparison, Series, Target } from './row.ts';
import { median, verdictOf } from './statistics.ts';
import { valueText } from './table.ts';

const width = 900;
const margin = 24;
const barLeft = margin;
const barRight = 600;
const lineHeight = 46;
const titleHeight = 34;
const groupGap = 22;
/** Farther right than this share of a limit nothing is told apart. */
const mostOfLimit = 2;

/** One picture that is readable on light and dark pages: the figures against their limits, and what they come from. */
export function plot(result: Result): string {
  const page = new Page();
  const targeted = comparisonsOf(result).flatMap((comparison) =>
    comparison.target === null ? [] : [{ comparison, target: comparison.target }],
  );
  const unmeasured = result.rows.flatMap(({ about, outcome }) =>
    outcome.kind === 'measured' ? [] : [`${outcome.kind}: ${about}`],
  );
  page.title(
    'Figures against their limits',
    'shorter is better; the line is the limit, ▾ the goal',
  );
  for (const { comparison, target } of targeted) drawTarget(page, comparison, target);
  for (const line of unmeasured) page.note(line);
  for (const { about, outcome } of result.rows) {
    if (outcome.kind === 'measured') drawGroups(page, about, outcome.series);
  }
  return page.svg(result.isQuick ? 'quick run: the figures do not count' : machineLine(result));
}

function drawTarget(page: Page, comparison: Comparison, target: Target): void {
  const share = (value: number) => shareOfLimit(value, target);
  const x = (value: number) => barLeft + (share(value) / mostOfLimit) * (barRight - barLeft);
  const against = comparison.against === null ? '' : ` against ${comparison.against}`;
  const sign = verdictOf(comparison) === 'missed' ? '✗' : '✓';
  page.bar({
    label: `${comparison.title}${against}`,
    // Not by colour alone.
    figure: `${sign} ${medianText(comparison)} (${targetText(target, comparison.unit)})`,
    className: verdictOf(comparison),
    endX: x(median(comparison.values)),
    dots: comparison.values.map(x),
    limitX: x(target.must),
    goalX: target.goal === null ? null : x(target.goal),
  });
}

/** How much of what is allowed was used: up to 1 the limit is met, whichever way it is written. */
export function shareOfLimit(value: number, { bound, must }: Target): number {
  const share = bound === 'at-most' ? value / must : must / value;
  return Math.min(share, mostOfLimit);
}

/** Only what has the same unit can stand on one scale. */
function drawGroups(page: Page, about: string, series: readonly Series[]): void {
  for (const unit of new Set(series.map((one) => one.unit))) {
    const group = series.filter((one) => one.unit === unit && one.samples.length > 0);
    const most = Math.max(...group.flatMap(({ samples }) => samples));
    const x = (value: number) => barLeft + (value / most) * (barRight - barLeft);
    page.title(about, unit);
    for (const { label, samples } of group) {
      const figure = valueText(median(samples), unit);
      page.bar({
        ...{ label, figure, className: 'informs', endX: x(median(samples)) },
        ...{ dots: samples.map(x), limitX: null, goalX: null },
      });
    }
  }
}

function machineLine({ machine }: Result): string {
  return [machine.cpu, machine.engine && `engine ${machine.engine}`, machine.commit, machine.date]
    .filter((fact) => fact !== undefined)
    .join(' · ');
}

interface Bar {
  readonly label: string;
  readonly figure: string;
  readonly className: string;
  readonly endX: number;
  readonly dots: readonly number[];
  readonly limitX: number | null;
  readonly goalX: number | null;
}

class Page {
  readonly #parts: string[] = [];
  #y = margin;

  title(text: string, note: string): void {
    this.#y += groupGap;
    this.#text({ x: margin, className: 'title' }, text);
    this.#text({ x: width - margin, className: 'muted end' }, note);
    this.#y += titleHeight;
  }

  note(text: string): void {
    this.#text({ x: margin, className: 'muted' }, text);
    this.#y += titleHeight;
  }

  bar({ label, figure, className, endX, dots, limitX, goalX }: Bar): void {
    this.#text({ x: margin, className: '' }, label);
    this.#y += 9;
    const top = this.#y;
    const middle = top + 6;
    const length = Math.max(1, endX - barLeft);
    const limit = limitX === null ? [] : [`<path class="limit" d="M${px(limitX)} ${top - 4}v20"/>`];
    const goal =
      goalX === null ? [] : [`<path class="goal-mark" d="M${px(goalX - 4)} ${top - 5}h8l-4 6z"/>`];
    this.#parts.push(
      `<path class="track" d="M${barLeft} ${middle}H${barRight}"/>`,
      `<rect class="bar ${className}" x="${barLeft}" y="${top}" width="${px(length)}" height="12" rx="2"/>`,
      ...dots.map((x) => `<circle class="dot" cx="${px(x)}" cy="${middle}" r="2.5"/>`),
      ...limit,
      ...goal,
    );
    this.#y = middle + 4;
    this.#text({ x: barRight + 16, className: 'figure' }, figure);
    this.#y = top + lineHeight - 9;
  }

  svg(foot: string): string {
    this.#y += 8;
    this.#text({ x: margin, className: 'muted' }, foot);
    const height = this.#y + margin;
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    const open = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`;
    const ground = `<rect class="ground" width="${width}" height="${height}"/>`;
    return `${[open, '<title>Benchmarks</title>', style, ground, ...this.#parts].join('\n')}\n</svg>\n`;
  }

  #text({ x, className }: { x: number; className: string }, text: string): void {
    this.#parts.push(`<text class="${className}" x="${x}" y="${this.#y}">${escaped(text)}</text>`);
  }
}

function px(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.muted { fill: #59636e; font-size: 12px; }
.end { text-anchor: end; }
.figure { font-variant-numeric: tabular-nums; }
.ground { fill: #ffffff; }
.track { stroke: #d1d9e0; }
.bar.goal { fill: #2da44e; } .bar.must { fill: #4493f8; } .bar.missed { fill: #cf222e; } .bar.informs { fill: #8c959f; }
.dot { fill: #1f2328; fill-opacity: 0.45; }
.limit { stroke: #1f2328; stroke-width: 2; }
.goal-mark { fill: #1f2328; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .muted { fill: #9198a1; } .ground { fill: #0d1117; } .track { stroke: #3d444d; }
  .bar.goal { fill: #238636; } .bar.must { fill: #1f6feb; } .bar.missed { fill: #da3633; } .bar.informs { fill: #656c76; }
  .dot { fill: #f0f6fc; } .limit { stroke: #f0f6fc; } .goal-mark { fill: #f0f6fc; }
}
</style>`;
