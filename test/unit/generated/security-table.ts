import { battery } from '../../../src/prove/battery.ts';
import { mechanismOf } from '../../../src/prove/prove.ts';
import type { IsolationLevel } from '../../../src/spec/choices.ts';

const levels = ['container', 'gvisor', 'namespace', 'none'] as const;
const heads: Record<(typeof levels)[number], string> = {
  container: 'Docker, `container`',
  gvisor: 'Docker, `gvisor`',
  namespace: 'simulation, `namespace`',
  none: 'simulation, `none`',
};
const begin = '<!-- generated from the battery by `npm run generate` -->';
const end = '<!-- end of the generated part -->';
const notPromised = 'not promised';

/** docs/security.md with its table renewed; what stands around the table is written by hand. */
export function withSecurityTable(document: string): string {
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/security.md has no "${begin}" … "${end}"`);
  }
  return `${before}${begin}\n\n${securityTable()}\n\n${end}${after}`;
}

function securityTable(): string {
  const rows = battery.map((probe) => [
    probe.promise,
    ...levels.map((level) => mechanismOf(probe, level) ?? notPromised),
    `\`${probe.name}\``,
  ]);
  const head = ['promise', ...levels.map((level) => heads[level]), 'probe'];
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The probes that the document says a level does not promise. */
export function notPromisedIn(document: string, level: IsolationLevel): string[] {
  const column = 1 + levels.findIndex((name) => name === level);
  if (column === 0) throw new Error(`docs/security.md has no column for "${level}"`);
  return document
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.endsWith('` |'))
    .map((line) => line.slice(2, -2).split(' | '))
    .filter((cells) => cells[column]?.trim() === notPromised)
    .map((cells) => (cells.at(-1) ?? '').replaceAll('`', '').trim());
}
