import type { PageData, PageRow } from '../page-data.ts';
import { element } from './dom.ts';
import { durationText } from './format.ts';
import { type Placed, type Range, placed, taskAt } from './lanes.ts';
import { type Layout, axisPx, drawTimeline, layoutOf, msAt } from './timeline-drawing.ts';

const nearPx = 4;
const dragPx = 6;

export interface TimelineOptions {
  readonly onPick: (row: PageRow) => void;
  readonly onZoom: (isZoomed: boolean) => void;
}

/** When each task ran, and in which slot. Dragging over a stretch of time shows it larger. */
export class Timeline {
  readonly #tasks: readonly Placed[];
  readonly #whole: Range;
  readonly #canvas = element('canvas', { role: 'img' });
  readonly #tip = element('div', { class: 'tip', hidden: true });
  readonly #selection = element('div', { class: 'selection', hidden: true });
  readonly #options: TimelineOptions;
  #range: Range;
  #shown: ReadonlySet<PageRow>;
  #marked: PageRow | null = null;
  #layout: Layout;
  #dragFromPx: number | null = null;

  constructor(place: HTMLElement, data: PageData, options: TimelineOptions) {
    this.#tasks = placed(data.rows);
    const endMs = this.#tasks.reduce((latest, { toMs }) => Math.max(latest, toMs), 1);
    this.#whole = { fromMs: 0, toMs: Math.max(endMs, data.durationMs) };
    this.#range = this.#whole;
    this.#shown = new Set(data.rows);
    this.#options = options;
    this.#layout = layoutOf(0, 1, this.#whole);
    place.append(this.#canvas, this.#selection, this.#tip);
    this.#listen();
  }

  get count(): number {
    return this.#tasks.length;
  }

  get lanes(): number {
    return this.#tasks.reduce((most, { lane }) => Math.max(most, lane + 1), 0);
  }

  show(rows: readonly PageRow[]): void {
    this.#shown = new Set(rows);
    this.draw();
  }

  zoomOut(): void {
    this.#zoom(this.#whole);
  }

  /** Also after anything that changes colours or the width. */
  draw(): void {
    const canvas = this.#canvas;
    const context = canvas.getContext('2d');
    const widthPx = canvas.parentElement?.clientWidth ?? 0;
    if (!context || widthPx === 0) return;
    this.#layout = layoutOf(widthPx, Math.max(1, this.lanes), this.#range);
    const heightPx = this.#layout.lanes * this.#layout.lanePx + axisPx;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(widthPx * scale);
    canvas.height = Math.round(heightPx * scale);
    canvas.style.height = `${heightPx}px`;
    context.scale(scale, scale);
    const scene = { tasks: this.#tasks, shown: this.#shown, marked: this.#marked };
    drawTimeline(context, this.#layout, scene);
    const label = `${this.#tasks.length} tasks by slot over ${durationText(this.#whole.toMs)}; the table below has them all`;
    canvas.setAttribute('aria-label', label);
  }

  #listen(): void {
    this.#canvas.addEventListener('pointermove', (event) => this.#hover(event));
    this.#canvas.addEventListener('pointerleave', () => this.#point(null));
    this.#canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.#dragFromPx = event.offsetX;
      this.#canvas.setPointerCapture(event.pointerId);
    });
    this.#canvas.addEventListener('pointerup', (event) => this.#release(event));
    this.#canvas.addEventListener('dblclick', () => this.zoomOut());
  }

  #hover(event: PointerEvent): void {
    const from = this.#dragFromPx;
    const isDragging = from !== null && Math.abs(event.offsetX - from) > dragPx;
    this.#selection.hidden = !isDragging;
    if (isDragging) {
      const [left, right] = [Math.min(from, event.offsetX), Math.max(from, event.offsetX)];
      this.#selection.style.left = `${left}px`;
      this.#selection.style.width = `${right - left}px`;
    }
    this.#point(isDragging ? null : this.#taskUnder(event), event);
  }

  #release(event: PointerEvent): void {
    const from = this.#dragFromPx;
    this.#dragFromPx = null;
    this.#selection.hidden = true;
    if (from === null) return;
    if (Math.abs(event.offsetX - from) > dragPx) {
      const [left, right] = [Math.min(from, event.offsetX), Math.max(from, event.offsetX)];
      const fromMs = Math.max(this.#whole.fromMs, msAt(this.#layout, left));
      this.#zoom({ fromMs, toMs: Math.min(this.#whole.toMs, msAt(this.#layout, right)) });
    } else {
      const task = this.#taskUnder(event);
      if (task) this.#options.onPick(task.row);
    }
  }

  #taskUnder({ offsetX, offsetY }: PointerEvent): Placed | null {
    const lane = Math.floor(offsetY / this.#layout.lanePx);
    const ms = msAt(this.#layout, offsetX);
    const nearMs = msAt(this.#layout, offsetX + nearPx) - ms;
    return taskAt(
      this.#tasks.filter(({ row }) => this.#shown.has(row)),
      { lane, ms },
      nearMs,
    );
  }

  #point(task: Placed | null, event?: PointerEvent): void {
    this.#canvas.style.cursor = task ? 'pointer' : 'crosshair';
    this.#tip.hidden = task === null;
    if (task && event) this.#showTip(task.row, event);
    if (this.#marked === (task?.row ?? null)) return;
    this.#marked = task?.row ?? null;
    this.draw();
  }

  #showTip(row: PageRow, { offsetX, offsetY }: PointerEvent): void {
    const status = element('span', { class: 'status', 'data-status': row.status }, [row.status]);
    this.#tip.replaceChildren(element('b', {}, [row.id]), status, durationText(row.durationMs));
    const room = this.#layout.widthPx - this.#tip.offsetWidth - 8;
    this.#tip.style.left = `${Math.max(0, Math.min(offsetX + 12, room))}px`;
    this.#tip.style.top = `${offsetY + 16}px`;
  }

  #zoom(range: Range): void {
    this.#range = range.toMs - range.fromMs < 1 ? this.#range : range;
    this.#options.onZoom(this.#range !== this.#whole);
    this.draw();
  }
}
