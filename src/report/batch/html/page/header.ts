import type { RowStatus } from '../../../../receipt/batch-summary.ts';
import type { PageData } from '../page-data.ts';
import { byId, element } from './dom.ts';
import { countText, durationText, momentText, visible } from './format.ts';
import { statusOrder } from './rows.ts';

/** Name, what became of it, and the figures. */
export function showHeader(data: PageData): void {
  const { total, byStatus } = data.counts;
  const passed = byStatus.passed ?? 0;
  byId('name').textContent = visible(data.name);
  byId('ending').textContent = data.ending === 'deadline' ? 'deadline passed' : data.ending;
  byId('ending').dataset.ending = data.ending;
  byId('verdict').replaceChildren(
    element('b', { 'data-all': passed === total }, [countText(passed)]),
    ` of ${countText(total)} ${total === 1 ? 'task' : 'tasks'} passed`,
  );
  byId('facts').append(...factsOf(data).flatMap(([label, text]) => [fact(label, text)]));
  const file = data.file === null ? '' : `${visible(data.file)} · `;
  byId('footer').textContent = `${file}exit code ${data.exitCode} · ${data.tool}`;
}

function factsOf(data: PageData): [string, string][] {
  const ran = data.rows.filter(({ startMs }) => startMs !== null);
  const again = ran.filter(({ attempts }) => attempts > 1).length;
  const seconds = data.durationMs / 1000;
  const rate = ran.length / Math.max(seconds, 0.001);
  return [
    ['Took', durationText(data.durationMs)],
    ['At once', countText(data.jobs)],
    ['Rate', rate >= 1 ? `${rate.toFixed(1)} / s` : `${(rate * 60).toFixed(1)} / min`],
    ...(again > 0 ? [['Tried again', countText(again)] as [string, string]] : []),
    ...(data.counts.reused > 0
      ? [['Not run again', countText(data.counts.reused)] as [string, string]]
      : []),
    ['Began', momentText(data.startedAt)],
  ];
}

function fact(label: string, text: string): HTMLElement {
  return element('div', {}, [element('dt', {}, [label]), element('dd', {}, [text])]);
}

/** A bar with a stretch for each ending, and a button for each that shows only those. */
export function showOutcomes({ counts }: PageData, onToggle: (status: RowStatus) => void): void {
  const found = [...statusOrder.slice(-1), ...statusOrder.slice(0, -1)]
    .map((status) => ({ status, count: counts.byStatus[status] ?? 0 }))
    .filter(({ count }) => count > 0);
  const label = found.map(({ status, count }) => `${countText(count)} ${status}`).join(', ');
  byId('outcome').setAttribute('aria-label', label);
  byId('outcome').append(
    ...found.map(({ status, count }) => {
      const stretch = element('span', { 'data-status': status });
      stretch.style.flexGrow = String(count);
      return stretch;
    }),
  );
  byId('chips').append(
    ...found.map(({ status, count }) => {
      const attributes = { type: 'button', 'data-status': status, 'aria-pressed': 'false' };
      const chip = element('button', attributes, [element('b', {}, [countText(count)]), status]);
      chip.addEventListener('click', () => onToggle(status));
      return chip;
    }),
  );
}

export function markOutcomes(statuses: ReadonlySet<string>): void {
  for (const chip of byId('chips').querySelectorAll('button')) {
    chip.setAttribute('aria-pressed', String(statuses.has(chip.dataset.status ?? '')));
  }
}
