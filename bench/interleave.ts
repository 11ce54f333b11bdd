import { settled } from './engine.ts';
import type { Series } from './row.ts';

/** One of the things that are compared. */
export interface Subject {
  readonly label: string;
  /** Answers the figure of one run; the first round that counts is 0. */
  readonly run: (round: number) => Promise<number>;
}

export interface Plan {
  readonly rounds: number;
  /** Rounds before that, which are not counted. */
  readonly warmups: number;
  readonly unit: Series['unit'];
  readonly say: (line: string) => void;
}

/**
 * A B, B A, A B, …: each round runs every subject once and begins one further each time, so that neither drift nor
 * order favours anyone. Before every run the engine has tidied up after the last one.
 */
export async function interleave<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  { rounds, warmups, unit, say }: Plan,
): Promise<Record<Name, Series>> {
  const names = Object.keys(subjects) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  for (let round = -warmups; round < rounds; round += 1) {
    const figures: string[] = [];
    for (const name of rotated(names, round + warmups)) {
      await settled();
      const figure = await subjects[name].run(round);
      if (round >= 0) samples[name].push(figure);
      figures.push(`${subjects[name].label} ${figure.toFixed(1)} ${unit}`);
    }
    say(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}: ${figures.join(', ')}`);
  }
  return seriesOf(subjects, samples, unit);
}

function seriesOf<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  samples: Readonly<Record<Name, readonly number[]>>,
  unit: Series['unit'],
): Record<Name, Series> {
  const names = Object.keys(subjects) as Name[];
  const series = names.map((name): [string, Series] => [
    name,
    { label: subjects[name].label, unit, samples: samples[name] },
  ]);
  return Object.fromEntries(series) as Record<Name, Series>;
}

export function rotated<T>(items: readonly T[], steps: number): T[] {
  const start = items.length === 0 ? 0 : steps % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
