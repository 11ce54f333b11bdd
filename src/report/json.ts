import type { SandboxFailure } from '../failure.ts';

/** Machine output: one JSON value, and a newline. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** One of many, each on a line of its own. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** What `--json` prints where there is no receipt. */
export function failureJson({ code, message, hint, problems }: SandboxFailure): {
  readonly error: object;
} {
  return { error: { code, message, hint, problems } };
}
