import type { createColors } from 'picocolors';
import { elapsedText } from '../progress-text.ts';
import { cut, widthOf } from '../columns.ts';
import { rateText } from './rate.ts';
import { type Judged, countText, isTrouble, isTroubleStatus, occurring } from './row-text.ts';
import type { Standing } from './tally.ts';

type Colors = Pick<ReturnType<typeof createColors>, 'green' | 'red' | 'dim'>;

const widestBar = 30;
const narrowestBar = 8;
const uncolored: Colors = { green: String, red: String, dim: String };

/** Where a batch stands, in one line that is never wider than `columns`: what matters least is left out first. */
export function barLine(standing: Standing, columns: number, colors: Colors): string {
  const has = (names: readonly Part[]) => widthOf(standingText(standing, names, uncolored));
  const names = choices.find((some) => has(some) <= columns);
  if (!names) return cut(standingText(standing, ['count'], uncolored), columns);
  const text = standingText(standing, names, colors);
  const room = Math.min(widestBar, columns - has(names) - 1);
  return room < narrowestBar ? text : `${bar(standing, room, colors)} ${text}`;
}

/** The same for a log. */
export function standingLine(standing: Standing): string {
  // It is told as a task ends, when the next one has not yet begun.
  return standingText(standing, ['count', 'statuses', 'rate', 'left'], uncolored);
}

type Part = 'count' | 'statuses' | 'running' | 'rate' | 'left';

const choices: readonly [readonly Part[], ...(readonly Part[])[]] = [
  ['count', 'statuses', 'running', 'rate', 'left'],
  ['count', 'statuses', 'rate', 'left'],
  ['count', 'statuses', 'left'],
  ['count', 'statuses'],
  ['count'],
];

function standingText(standing: Standing, names: readonly Part[], colors: Colors): string {
  const { done, total, running, ratePerSecond, remainingMs } = standing;
  const parts: Readonly<Record<Part, string>> = {
    count: `${countText(done)}/${countText(total)}`,
    statuses: statusesText(standing, colors),
    running: running === 0 ? '' : `${countText(running)} running`,
    rate: ratePerSecond === null ? '' : rateText(ratePerSecond),
    left: remainingMs === null || done === total ? '' : `${elapsedText(remainingMs)} left`,
  };
  return names
    .map((name) => parts[name])
    .filter((part) => part !== '')
    .join(' · ');
}

/** As long as what is done; its end is red as far as something went wrong. */
function bar(
  { done, total, byStatus, stoppedByOther }: Standing,
  width: number,
  colors: Colors,
): string {
  const trouble = occurring(byStatus)
    .filter(({ status }) => isTroubleStatus(status))
    .reduce((sum, { count }) => sum + count, stoppedByOther);
  const cells = (count: number) => (total === 0 ? 0 : Math.floor((count * width) / total));
  const filled = cells(done);
  const red = trouble === 0 ? 0 : Math.min(filled, Math.max(1, cells(trouble)));
  return [
    colors.green('█'.repeat(filled - red)),
    colors.red('█'.repeat(red)),
    colors.dim('░'.repeat(width - filled)),
  ].join('');
}

function statusesText({ byStatus, stoppedByOther }: Standing, colors: Colors): string {
  return occurring(byStatus)
    .map(({ status, count }) =>
      colorOf(
        { status, stoppedByOther: status === 'cancelled' && stoppedByOther > 0 },
        colors,
      )(`${countText(count)} ${status}`),
    )
    .join(', ');
}

function colorOf(ending: Judged, colors: Colors): (text: string) => string {
  if (isTrouble(ending)) return colors.red;
  return ending.status === 'passed' ? colors.green : colors.dim;
}
