import type { Receipt, WorkspaceChange } from '../../receipt/receipt.ts';
import { sizeText } from '../progress-text.ts';
import type { FactRow } from './fact-table.ts';

type Workspace = Receipt['workspace'];

const mostPaths = 20;

export function workspaceRows({ workspace }: Receipt): FactRow[] {
  const { path, mode, growthBytes, applied, copyKeptAt } = workspace;
  return [
    ['workspace', `${path} (${mode})`],
    ['grew by', growthBytes === null || growthBytes <= 0 ? null : growthText(growthBytes)],
    ...changeRows(workspace),
    ['made harmless', defusedText(workspace)],
    [
      'brought back',
      applied && `${applied.added} added, ${applied.changed} changed, ${applied.removed} removed`,
    ],
    ['left out', applied && listed(applied.skipped)],
    ['copy kept at', copyKeptAt],
  ];
}

function growthText(bytes: number): string {
  return bytes < 1024 ** 2 ? `${bytes} bytes` : sizeText(bytes);
}

function changeRows({ changes }: Workspace): FactRow[] {
  if (changes === null) return [['changes', 'not looked for']];
  const { added, changed, removed, complete, limitsReached } = changes;
  const isNone = added.length + changed.length + removed.length === 0;
  return [
    ['changes', isNone && complete ? 'none' : null],
    ['added', pathsText(added)],
    ['changed', pathsText(changed)],
    ['removed', pathsText(removed)],
    ['not complete', complete ? null : ['there may be more changes', ...limitsReached].join('\n')],
  ];
}

function pathsText(changes: readonly WorkspaceChange[]): string {
  return listed(
    changes.map(({ kind, size, ...place }) => {
      const note = kind !== 'file' ? ` (${kind})` : size === null ? '' : ` (${size} bytes)`;
      return `${pathText(place)}${note}`;
    }),
  );
}

function defusedText({ defused }: Workspace): string {
  return listed((defused ?? []).map((file) => `${pathText(file)} (${file.found}): ${file.action}`));
}

function listed(lines: readonly string[]): string {
  const hidden = lines.length - mostPaths;
  const shown = lines.slice(0, mostPaths).map((line) => line.replaceAll('\n', ' '));
  return [...shown, ...(hidden > 0 ? [`… and ${hidden} more, which --json has`] : [])].join('\n');
}

/** Of a path that is not UTF-8 the bytes that are none are U+FFFD. */
function pathText({ path, pathBase64 }: Pick<WorkspaceChange, 'path' | 'pathBase64'>): string {
  return path ?? Buffer.from(pathBase64 ?? '', 'base64').toString();
}
