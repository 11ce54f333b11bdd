import { type PageDetail, type PageOutput, type PageRow, detailId } from '../page-data.ts';
import { element } from './dom.ts';
import { countText, durationText, sizeText, visible } from './format.ts';
import { spansOf } from './spans.ts';

/** What is known of one task. */
export function detailView(row: PageRow): HTMLElement {
  const detail = readDetail(row.index);
  const facts = [...rowFacts(row), ...(detail?.facts ?? [])];
  return element('div', { class: 'detail' }, [
    element('dl', { class: 'detail-facts' }, facts.flatMap(factView)),
    element('div', { class: 'outputs' }, outputViews(row, detail)),
  ]);
}

function readDetail(index: number): PageDetail | null {
  const text = document.getElementById(detailId(index))?.textContent ?? null;
  return text === null ? null : (JSON.parse(text) as PageDetail);
}

function rowFacts(row: PageRow): [string, string][] {
  const facts: [string, string | null][] = [
    ['Reason', row.reason],
    ['Command', row.command],
    ['Exit code', row.exitCode === null ? null : String(row.exitCode)],
    ['Took', row.durationMs === null ? null : durationText(row.durationMs)],
    ['Attempts', row.attempts > 1 ? String(row.attempts) : null],
    ['Taken from', row.reused ? 'an earlier batch' : null],
    ['Line in the file', row.line === null ? null : countText(row.line)],
    ['Slot', row.slot === null ? null : String(row.slot + 1)],
    ['Receipt', row.receipt],
  ];
  return facts.flatMap(([label, text]) => (text === null ? [] : [[label, text]]));
}

function factView([label, text]: readonly [string, string]): HTMLElement[] {
  const isCode = ['Command', 'Receipt', 'Image', 'Workspace'].includes(label);
  const shown = text.split('\n').map(visible).join('\n');
  return [element('dt', {}, [label]), element('dd', isCode ? { class: 'code' } : {}, [shown])];
}

function outputViews(row: PageRow, detail: PageDetail | null): HTMLElement[] {
  if (!detail) return [note(absence(row))];
  if (!detail.output) {
    return [note('This page has no room left for its output. It is in the receipt.')];
  }
  const { stdout, stderr } = detail.output;
  const views = [...outputView('stderr', stderr), ...outputView('stdout', stdout)];
  return views.length > 0 ? views : [note('It printed nothing.')];
}

function absence({ status, receipt }: PageRow): string {
  if (status === 'passed') return 'It passed. What it printed is in its receipt.';
  if (receipt === null) return 'It has no receipt.';
  return 'Its receipt could not be read, or this page has no room left for it.';
}

function outputView(name: string, { text, omittedBytes }: PageOutput): HTMLElement[] {
  if (text === '') return [];
  const omitted =
    omittedBytes === null
      ? 'its end'
      : omittedBytes > 0
        ? `its end, ${sizeText(omittedBytes)} before it are left out`
        : null;
  const spans = spansOf(text).map(({ text: part, look }) =>
    look === '' ? part : element('span', { class: look }, [part]),
  );
  return [
    element('figure', {}, [
      element('figcaption', {}, [
        element('b', {}, [name]),
        ...(omitted === null ? [] : [element('span', {}, [omitted])]),
      ]),
      element('pre', { tabindex: 0, 'aria-label': name }, spans),
    ]),
  ];
}

function note(text: string): HTMLElement {
  return element('p', { class: 'note' }, [text]);
}
