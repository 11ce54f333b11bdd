import { Expectation } from './expectation.ts';

const powers = ['', 'k', 'm', 'g', 't'];

/** A size as Docker writes it: `512m`, `1.5g`, `1Gi`, or plain bytes. Units are powers of 1024. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?(?:([kmgt])(?:ib?|b)?|b)?$/i.exec(text);
  const power = powers.indexOf(match?.[2]?.toLowerCase() ?? '');
  const bytes = match ? Math.floor(Number(match[1]) * 1024 ** power) : Number.NaN;
  if (!Number.isSafeInteger(bytes)) throw new Expectation('a size such as 512m or 2g', text);
  return bytes;
}

/** The shortest exact form with a Docker unit, e.g. `512m`. */
export function formatBytes(bytes: number): string {
  const power = powers.findLastIndex((_, index) => bytes % 1024 ** index === 0);
  return bytes === 0 ? '0' : `${bytes / 1024 ** power}${powers[power] ?? ''}`;
}
