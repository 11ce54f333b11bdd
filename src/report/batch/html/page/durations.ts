import type { PageRow } from '../page-data.ts';
import { byId, element } from './dom.ts';
import { countText, durationText } from './format.ts';
import { type Bin, binsOf, quantileMs, slowest } from './statistics.ts';

const slowestShown = 6;

/** The histogram, what is worth a number, and the tasks that took longest. */
export function showDurations(rows: readonly PageRow[], onPick: (row: PageRow) => void): void {
  const bins = binsOf(rows);
  if (bins.length === 0) {
    byId('durations').append(element('p', { class: 'note' }, ['No task ran.']));
    return;
  }
  const [median, most] = [quantileMs(rows, 0.5), quantileMs(rows, 0.95)];
  byId('durations-note').textContent =
    `median ${durationText(median)} · 95 % within ${durationText(most)}`;
  byId('durations').append(histogram(bins), scale(bins));
  const longest = slowest(rows, slowestShown);
  const longestMs = longest[0]?.durationMs ?? 1;
  byId('slowest').append(...longest.map((row) => slowRow(row, row.durationMs / longestMs, onPick)));
}

function histogram(bins: readonly Bin[]): HTMLElement {
  const highest = bins.reduce((most, { passed, others }) => Math.max(most, passed + others), 1);
  const bars = bins.map((bin) => {
    const total = bin.passed + bin.others;
    const range = `${edgeText(bin.fromMs)} to ${edgeText(bin.toMs)}`;
    const title = `${range}: ${countText(total)} tasks, ${countText(bin.others)} of them did not pass`;
    const parts = [part('others', bin.others / highest), part('passed', bin.passed / highest)];
    return element('div', { class: 'bin', title }, parts);
  });
  const label = 'How many tasks took how long';
  return element('div', { class: 'histogram', role: 'img', 'aria-label': label }, bars);
}

function part(kind: string, share: number): HTMLElement {
  const made = element('span', { class: kind });
  made.style.height = share === 0 ? '0' : `max(2px, ${share * 100}%)`;
  return made;
}

function scale(bins: readonly Bin[]): HTMLElement {
  const edges = [0, 0.25, 0.5, 0.75].map((share) => bins[Math.floor(share * bins.length)]?.fromMs);
  const labels = [...edges, bins.at(-1)?.toMs].map((ms) => edgeText(ms ?? 0));
  const spans = labels.map((text) => element('span', {}, [text]));
  return element('div', { class: 'scale', 'aria-hidden': 'true' }, spans);
}

/** Two digits are enough for an edge. */
function edgeText(ms: number): string {
  return durationText(Number(ms.toPrecision(2)));
}

function slowRow(row: PageRow, share: number, onPick: (row: PageRow) => void): HTMLElement {
  const button = element('button', { type: 'button', 'data-status': row.status }, [
    element('span', { class: 'slow-name' }, [row.id]),
    element('span', { class: 'slow-time' }, [durationText(row.durationMs)]),
  ]);
  button.style.setProperty('--share', `${share * 100}%`);
  button.addEventListener('click', () => onPick(row));
  return element('li', {}, [button]);
}
