import type { RowStatus } from '../../../../receipt/batch-summary.ts';
import { type PageData, type PageRow, dataId } from '../page-data.ts';
import { byId } from './dom.ts';
import { showDurations } from './durations.ts';
import { countText } from './format.ts';
import { markOutcomes, showHeader, showOutcomes } from './header.ts';
import { type Column, type View, visibleRows } from './rows.ts';
import { TaskTable } from './table.ts';
import { Timeline } from './timeline.ts';

const data = JSON.parse(byId(dataId).textContent) as PageData;
const everything: View = { text: '', statuses: new Set(), sortBy: 'status', descending: false };
let view = everything;

const search = byId('search') as HTMLInputElement;
byId('page').hidden = false;
showHeader(data);
showOutcomes(data, toggleStatus);
const table = new TaskTable(data.rows, sortBy);
const timeline = new Timeline(byId('timeline'), data, {
  onPick: open,
  onZoom: (isZoomed) => (byId('zoom-out').hidden = !isZoomed),
});
showDurations(data.rows, open);
describeTimeline();
listen();
show(view);

function show(next: View): void {
  view = next;
  const rows = visibleRows(data.rows, view);
  const all = data.rows.length;
  byId('shown').textContent =
    rows.length === all ? countText(all) : `${countText(rows.length)} of ${countText(all)}`;
  markOutcomes(view.statuses);
  table.show(rows, view);
  timeline.show(rows);
}

function toggleStatus(status: RowStatus): void {
  const statuses = new Set(view.statuses);
  if (!statuses.delete(status)) statuses.add(status);
  show({ ...view, statuses });
}

function sortBy(column: Column): void {
  const isSame = view.sortBy === column;
  // Who asks for durations wants the longest.
  const descending = isSame ? !view.descending : ['duration', 'attempts'].includes(column);
  show({ ...view, sortBy: column, descending });
}

/** A task that the filter hides is shown all the same. */
function open(row: PageRow): void {
  if (table.reveal(row)) return;
  search.value = '';
  show({ ...view, text: '', statuses: new Set() });
  table.reveal(row);
}

function describeTimeline(): void {
  if (timeline.count === 0) byId('timeline').closest('section')?.setAttribute('hidden', '');
  const lanes = timeline.lanes;
  byId('timeline-note').textContent =
    `${countText(lanes)} ${lanes === 1 ? 'slot' : 'slots'} · drag over a stretch to enlarge it, click a task to open it`;
}

function listen(): void {
  search.addEventListener('input', () => show({ ...view, text: search.value }));
  byId('zoom-out').addEventListener('click', () => timeline.zoomOut());
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === 'Escape' && document.activeElement === search) {
      search.value = '';
      show({ ...view, text: '' });
    }
  });
  const redraw = () => timeline.draw();
  new ResizeObserver(redraw).observe(byId('timeline'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // Paper is white whatever the screen is; the canvas has to know before it is printed.
  for (const [type, isPrinting] of [
    ['beforeprint', true],
    ['afterprint', false],
  ] as const) {
    addEventListener(type, () => {
      document.documentElement.classList.toggle('print', isPrinting);
      redraw();
    });
  }
}
