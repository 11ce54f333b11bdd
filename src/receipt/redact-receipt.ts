import type { Redactor } from '../outcome/redactor.ts';
import type { Receipt, WorkspaceChange } from './receipt.ts';

/** Secrets out of everything that a caller or a task can have put into words; the output is without them already. */
export function redactReceipt(receipt: Receipt, redactor: Redactor | null): Receipt {
  if (!redactor) return receipt;
  const clean = (text: string) => redactor.text(text);
  const orNull = (text: string | null) => (text === null ? null : clean(text));
  const { error, workspace } = receipt;
  return {
    ...receipt,
    command: receipt.command.map(clean),
    error: error && { ...error, message: clean(error.message), hint: orNull(error.hint) },
    workspace: {
      ...workspace,
      changes: workspace.changes && {
        ...workspace.changes,
        added: workspace.changes.added.map((change) => redactChange(change, orNull)),
        changed: workspace.changes.changed.map((change) => redactChange(change, orNull)),
        removed: workspace.changes.removed.map((change) => redactChange(change, orNull)),
      },
      defused: workspace.defused?.map((file) => ({ ...file, path: orNull(file.path) })) ?? null,
    },
  };
}

function redactChange(
  change: WorkspaceChange,
  clean: (text: string | null) => string | null,
): WorkspaceChange {
  return { ...change, path: clean(change.path), linkTarget: clean(change.linkTarget) };
}
