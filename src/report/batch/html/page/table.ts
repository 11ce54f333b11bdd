import type { PageRow } from '../page-data.ts';
import { detailView } from './detail.ts';
import { byId, element } from './dom.ts';
import { countText, durationText, visible } from './format.ts';
import { type Column, columns } from './rows.ts';

const pageSize = 150;
const shownCharacters = 300;
const titles: Readonly<Record<Column, string>> = {
  status: 'Ending',
  id: 'Task',
  command: 'Command',
  duration: 'Took',
  attempts: 'Tries',
  exit: 'Exit',
};

export interface Sorting {
  readonly sortBy: Column;
  readonly descending: boolean;
}

/** The tasks, a part at a time: more come into it as it is scrolled. */
export class TaskTable {
  readonly #body = byId('rows');
  readonly #more = byId('more');
  readonly #longestMs: number;
  #rows: readonly PageRow[] = [];
  #count = 0;

  constructor(rows: readonly PageRow[], onSort: (column: Column) => void) {
    this.#longestMs = rows.reduce((most, { durationMs }) => Math.max(most, durationMs ?? 0), 1);
    byId('columns').append(...columns.map((column) => heading(column, onSort)));
    this.#body.addEventListener('click', (event) => this.#clicked(event));
    this.#body.addEventListener('keydown', (event) => this.#pressed(event));
    new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) this.#extend();
      },
      { rootMargin: '600px' },
    ).observe(this.#more);
  }

  show(rows: readonly PageRow[], { sortBy, descending }: Sorting): void {
    this.#rows = rows;
    this.#count = 0;
    this.#body.replaceChildren();
    for (const head of byId('columns').children) {
      const isSorted = head.getAttribute('data-column') === sortBy;
      const order = descending ? 'descending' : 'ascending';
      head.setAttribute('aria-sort', isSorted ? order : 'none');
    }
    this.#extend();
  }

  /** Opens a task and brings it into view; false where the table does not have it. */
  reveal(row: PageRow): boolean {
    const at = this.#rows.indexOf(row);
    if (at === -1) return false;
    while (this.#count <= at) this.#extend();
    const line = this.#lineOf(row.index);
    if (!line) return false;
    if (!isOpen(line)) this.#toggle(line);
    line.scrollIntoView({ block: 'start', behavior: 'instant' });
    line.querySelector('button')?.focus({ preventScroll: true });
    return true;
  }

  #extend(): void {
    const next = this.#rows.slice(this.#count, this.#count + pageSize);
    this.#body.append(...next.map((row) => this.#line(row)));
    this.#count += next.length;
    const left = this.#rows.length - this.#count;
    this.#more.textContent = left > 0 ? `${countText(left)} more` : '';
    if (this.#rows.length === 0) this.#more.textContent = 'No task is like that.';
  }

  #line(row: PageRow): HTMLTableRowElement {
    const took = element('span', { class: 'took' }, [durationText(row.durationMs)]);
    took.style.setProperty('--share', `${((row.durationMs ?? 0) / this.#longestMs) * 100}%`);
    const name = element('button', { type: 'button', 'aria-expanded': 'false' }, [row.id]);
    const status = element('span', { class: 'status', 'data-status': row.status }, [row.status]);
    return element('tr', { 'data-index': row.index }, [
      element('td', {}, row.reused ? [status, element('i', {}, ['earlier'])] : [status]),
      element('th', { scope: 'row' }, [name]),
      element('td', { class: 'what' }, [
        element('span', { class: 'command' }, [visible(row.command.slice(0, shownCharacters))]),
        ...(row.reason === null
          ? []
          : [
              element('span', { class: 'reason' }, [visible(row.reason.slice(0, shownCharacters))]),
            ]),
      ]),
      element('td', { class: 'number' }, [took]),
      element('td', { class: row.attempts > 1 ? 'number strong' : 'number' }, [
        String(row.attempts),
      ]),
      element('td', { class: 'number' }, [row.exitCode === null ? '–' : String(row.exitCode)]),
    ]);
  }

  #clicked({ target }: MouseEvent): void {
    if (!(target instanceof Element) || target.closest('.detail')) return;
    // Somebody who marks text in a row wants the text.
    if (!(target instanceof HTMLButtonElement) && getSelection()?.type === 'Range') return;
    const line = target.closest<HTMLTableRowElement>('tr[data-index]');
    if (line) this.#toggle(line);
  }

  #pressed(event: KeyboardEvent): void {
    const line = event.target instanceof Element ? event.target.closest('tr') : null;
    if (!line) return;
    if (event.key === 'Escape' && isOpen(line)) this.#toggle(line);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || !(event.target instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const lines = [...this.#body.querySelectorAll<HTMLTableRowElement>('tr[data-index]')];
    const next = lines[lines.indexOf(line) + step];
    next?.querySelector('button')?.focus();
  }

  #toggle(line: HTMLTableRowElement): void {
    const button = line.querySelector('button');
    const row = this.#rows.find(({ index }) => String(index) === line.dataset.index);
    if (!row) return;
    if (isOpen(line)) line.nextElementSibling?.remove();
    else {
      const cell = element('td', { colspan: columns.length }, [detailView(row)]);
      line.after(element('tr', { class: 'opened', 'data-status': row.status }, [cell]));
      // What was printed last is what tells most.
      for (const output of cell.querySelectorAll('pre')) output.scrollTop = output.scrollHeight;
    }
    button?.setAttribute('aria-expanded', String(isOpen(line)));
  }

  #lineOf(index: number): HTMLTableRowElement | null {
    return this.#body.querySelector(`tr[data-index="${index}"]`);
  }
}

function isOpen(line: Element): boolean {
  return line.nextElementSibling?.classList.contains('opened') ?? false;
}

function heading(column: Column, onSort: (column: Column) => void): HTMLElement {
  const button = element('button', { type: 'button' }, [titles[column]]);
  button.addEventListener('click', () => onSort(column));
  const isNumber = ['duration', 'attempts', 'exit'].includes(column);
  const attributes = { scope: 'col', class: isNumber ? 'number' : null, 'data-column': column };
  return element('th', attributes, [button]);
}
