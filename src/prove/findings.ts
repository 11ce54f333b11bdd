import type { Receipt } from '../receipt/receipt.ts';
import type { HostFindings, Judgement, ProbeObservation } from './probe.ts';

/**
 * What a probe's program said, a finding a line: `tried …`, `untried …`, `broke …`, `fact NAME VALUE`, and `done`.
 */
export interface Findings {
  readonly tried: readonly string[];
  /** What should have been tried and could not be. */
  readonly untried: readonly string[];
  readonly broke: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
  /** The program came to its own end. */
  readonly isComplete: boolean;
}

export function readFindings(output: string): Findings {
  const lines = output.split('\n');
  const said = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const facts = said('fact').map((fact) => {
    const [name = '', ...value] = fact.split(' ');
    return [name, value.join(' ')] as const;
  });
  return {
    tried: said('tried'),
    untried: said('untried'),
    broke: said('broke'),
    facts: Object.fromEntries(facts),
    isComplete: lines.includes('done'),
  };
}

export function addFindings(findings: Findings, host: HostFindings): Findings {
  return {
    ...findings,
    tried: [...findings.tried, ...(host.tried ?? [])],
    untried: [...findings.untried, ...(host.untried ?? [])],
    broke: [...findings.broke, ...(host.broke ?? [])],
    facts: { ...findings.facts, ...host.facts },
  };
}

/**
 * For a probe whose attempts must all fail, and of which there are at least `least`; `note` says more in the evidence
 * of one that was held.
 */
export function nothingBroke(
  seen: ProbeObservation,
  least: number,
  note: (seen: ProbeObservation) => string = () => '',
): Judgement {
  const { tried, broke } = seen.findings;
  if (broke.length > 0) return broken(someOf(broke));
  const missing = whatIsMissing(seen, least);
  if (missing !== null) return unproven(missing);
  const more = note(seen);
  const attempts = tried.length === 1 ? '1 attempt' : `${tried.length} attempts`;
  return held(`${attempts}, none succeeded${more === '' ? '' : `; ${more}`}`);
}

/** The host's own count of what was to be tried, where that depends on this machine. */
export const leastAttempts = 'least-attempts';

/** Why it is not known that everything was tried; null where it is. */
export function whatIsMissing(seen: ProbeObservation, least: number): string | null {
  const { receipt, findings } = seen;
  const { tried, untried, isComplete } = findings;
  if (!isComplete || receipt.status !== 'passed') return whyIncomplete(receipt);
  if (untried.length > 0) return `could not be tried: ${someOf(untried)}`;
  const expected = Math.max(least, measured(seen, leastAttempts) ?? 0);
  if (tried.length >= expected) return null;
  return `expected at least ${expected} attempts, found ${tried.length}`;
}

/** A number that the program measured, or null. */
export function measured({ findings }: ProbeObservation, name: string): number | null {
  const value = Number(findings.facts[name] ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
}

export function held(evidence: string): Judgement {
  return { verdict: 'held', evidence };
}

export function broken(evidence: string): Judgement {
  return { verdict: 'broken', evidence };
}

export function unproven(evidence: string): Judgement {
  return { verdict: 'unproven', evidence };
}

export function untestable(evidence: string): Judgement {
  return { verdict: 'untestable', evidence };
}

/** Why a program that should have come to its end did not. */
export function whyIncomplete({ status, error, exitCode, stderr }: Receipt): string {
  if (error) return error.message;
  const words = (stderr.text ?? '').trim().split('\n').at(-1) ?? '';
  return `the probe did not come to its end: ${status}, exit code ${exitCode}${words === '' ? '' : `, ${words}`}`;
}

const mostShown = 4;

export function someOf(words: readonly string[]): string {
  const more = words.length > mostShown ? `, and ${words.length - mostShown} more` : '';
  return `${words.slice(0, mostShown).join('; ')}${more}`;
}
