import { type ByteName, printableBytes } from '../engine/byte-name.ts';

/**
 * `scan`: there may be changes that nobody knows of. `detail`: every change is known, but not all is told of it.
 * `remark`: nothing is missing.
 */
export type Gravity = 'scan' | 'detail' | 'remark';

interface Finding {
  readonly gravity: Gravity;
  readonly examples: string[];
  count: number;
}

const mostExamples = 5;

/** What could not be looked at or told, in sentences, with a few of the files that each is about. */
export class Findings {
  readonly #findings = new Map<string, Finding>();

  add(gravity: Gravity, sentence: string, path: ByteName | null = null): void {
    const finding = this.#findings.get(sentence) ?? { gravity, examples: [], count: 0 };
    this.#findings.set(sentence, finding);
    if (path === null) return;
    finding.count += 1;
    if (finding.examples.length < mostExamples) finding.examples.push(printableBytes(path) || '.');
  }

  has(...gravities: readonly Gravity[]): boolean {
    return [...this.#findings.values()].some(({ gravity }) => gravities.includes(gravity));
  }

  sentences(): string[] {
    return [...this.#findings].map(([sentence, finding]) => {
      return finding.count === 0 ? sentence : `${sentence}: ${listOf(finding)}`;
    });
  }
}

/** `a, b and 3 more` */
export function listOf({ examples, count }: Pick<Finding, 'examples' | 'count'>): string {
  const more = count - examples.length;
  return examples.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
