import type { RowStatus } from '../../../../receipt/batch-summary.ts';
import type { PageRow } from '../page-data.ts';
import { colorOf } from './dom.ts';
import type { Placed, Range } from './lanes.ts';
import { statusOrder } from './rows.ts';
import { tickText, ticksBetween } from './ticks.ts';

export const axisPx = 24;
const labelledLanePx = 14;
const tickPx = 90;

/** How the lanes lie on the canvas, in CSS pixels. */
export interface Layout {
  readonly widthPx: number;
  readonly lanePx: number;
  readonly lanes: number;
  readonly leftPx: number;
  readonly range: Range;
}

export function layoutOf(widthPx: number, lanes: number, range: Range): Layout {
  const lanePx = Math.min(22, Math.max(3, Math.floor(320 / Math.max(1, lanes))));
  const leftPx = lanePx >= labelledLanePx ? 26 : 2;
  return { widthPx, lanePx, lanes, leftPx, range };
}

function xOf({ widthPx, leftPx, range }: Layout, ms: number): number {
  return leftPx + ((ms - range.fromMs) / (range.toMs - range.fromMs)) * (widthPx - leftPx);
}

export function msAt({ widthPx, leftPx, range }: Layout, xPx: number): number {
  return range.fromMs + ((xPx - leftPx) / (widthPx - leftPx)) * (range.toMs - range.fromMs);
}

export interface Scene {
  readonly tasks: readonly Placed[];
  readonly shown: ReadonlySet<PageRow>;
  readonly marked: PageRow | null;
}

type Canvas = CanvasRenderingContext2D;

export function drawTimeline(canvas: Canvas, layout: Layout, scene: Scene): void {
  const { widthPx, lanePx, lanes, leftPx } = layout;
  canvas.clearRect(0, 0, widthPx, lanes * lanePx + axisPx);
  drawGrid(canvas, layout);
  canvas.save();
  canvas.beginPath();
  canvas.rect(leftPx, 0, widthPx - leftPx, lanes * lanePx);
  canvas.clip();
  canvas.globalAlpha = 0.15;
  const isShown = ({ row }: Placed) => scene.shown.has(row);
  drawTasks(
    canvas,
    layout,
    scene.tasks.filter((task) => !isShown(task)),
  );
  canvas.globalAlpha = 1;
  drawTasks(canvas, layout, scene.tasks.filter(isShown));
  const marked = scene.tasks.find(({ row }) => row === scene.marked);
  if (marked) outline(canvas, layout, marked);
  canvas.restore();
}

function drawGrid(canvas: Canvas, layout: Layout): void {
  const { lanes, lanePx, widthPx, leftPx, range } = layout;
  const bottom = lanes * lanePx;
  canvas.font = '11px system-ui, sans-serif';
  canvas.fillStyle = colorOf('lane');
  for (let lane = 0; lane < lanes; lane += 2) {
    canvas.fillRect(leftPx, lane * lanePx, widthPx - leftPx, lanePx);
  }
  const ticks = ticksBetween(range.fromMs, range.toMs, Math.max(2, widthPx / tickPx));
  for (const ms of ticks) {
    const x = Math.round(xOf(layout, ms));
    canvas.fillStyle = colorOf('line');
    canvas.fillRect(x, 0, 1, bottom + 4);
    canvas.fillStyle = colorOf('faint');
    canvas.textAlign = x > widthPx - 30 ? 'right' : x < leftPx + 10 ? 'left' : 'center';
    canvas.fillText(tickText(ms), x, bottom + 17);
  }
  if (lanePx < labelledLanePx) return;
  canvas.fillStyle = colorOf('faint');
  canvas.textAlign = 'right';
  for (let lane = 0; lane < lanes; lane += 1) {
    canvas.fillText(String(lane + 1), leftPx - 8, lane * lanePx + lanePx / 2 + 4);
  }
}

/** Troubles last: where a pixel has more than one task, they are what is seen. */
function drawTasks(canvas: Canvas, layout: Layout, tasks: readonly Placed[]): void {
  const byStatus = new Map<RowStatus, Placed[]>();
  for (const task of tasks) {
    const same = byStatus.get(task.row.status);
    if (same) same.push(task);
    else byStatus.set(task.row.status, [task]);
  }
  for (const status of statusOrder.toReversed()) {
    canvas.fillStyle = colorOf(status);
    for (const task of byStatus.get(status) ?? []) {
      const { x, y, width, height } = boxOf(layout, task);
      canvas.fillRect(x, y, width, height);
    }
  }
}

function outline(canvas: Canvas, layout: Layout, task: Placed): void {
  const { x, y, width, height } = boxOf(layout, task);
  canvas.strokeStyle = colorOf('text');
  canvas.lineWidth = 2;
  canvas.strokeRect(x - 1, y, Math.max(3, width + 2), height);
}

/** Neighbours stay apart where there is room for it, and troubles are wide enough to be seen. */
function boxOf(layout: Layout, { row, lane, fromMs, toMs }: Placed) {
  const { lanePx } = layout;
  const x = xOf(layout, fromMs);
  const whole = xOf(layout, toMs) - x;
  const least = row.status === 'passed' ? 0.75 : 2;
  const gap = lanePx > 8 ? 2 : lanePx > 4 ? 1 : 0;
  return {
    x,
    y: lane * lanePx + gap,
    width: Math.max(least, whole > 4 ? whole - 1 : whole),
    height: lanePx - 2 * gap,
  };
}
