import { SandboxFailure } from '../failure.ts';
import { reportFailure } from '../report/human.ts';
import type { Terminal } from '../report/terminal.ts';
import { nearestOf } from '../spec/nearest.ts';

const usageExitCode = 2;

interface UnknownWord {
  /** The word before it, such as `image`. */
  readonly group: string | null;
  /** Null where there was none. */
  readonly found: string | null;
  readonly known: readonly string[];
}

/** Names what would have been known, and the nearest of it. */
export function unknownWord({ group, found, known }: UnknownWord, terminal: Terminal): number {
  const nearest = found === null ? null : nearestOf(found, known);
  const prefix = group === null ? 'sandbox' : `sandbox ${group}`;
  const place = group === null ? 'a command' : `a command of ${prefix}`;
  const got = found === null ? 'got none' : `got "${found}"`;
  const failure = new SandboxFailure('usage', `expected ${place} (${known.join(', ')}), ${got}`, {
    hint: nearest ? `Did you mean: ${prefix} ${nearest}` : `See: ${prefix} --help`,
  });
  reportFailure(terminal, failure);
  return usageExitCode;
}
