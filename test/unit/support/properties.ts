import fc from 'fast-check';
import * as v from 'valibot';
import { expect } from 'vitest';
import { type FailureCode, type Problem, SandboxFailure } from '../../../src/failure.ts';
import { type TaskSpec, taskSpecSchema } from '../../../src/spec/task-spec.ts';

/**
 * Always the same cases, so that CI fails for a change and not by luck. SANDBOX_TEST_SEED tries others, and
 * SANDBOX_TEST_CASES that many times more of them; what fails names its seed.
 */
const seed = Number(process.env.SANDBOX_TEST_SEED ?? 1);
const factor = Number(process.env.SANDBOX_TEST_CASES ?? 1);

export async function always<T>(
  cases: number,
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void> | void,
): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => await holds(value));
  await fc.assert(property, { seed, numRuns: Math.ceil(cases * factor), endOnFailure: false });
}

/** What work gives, or the failure that it ends in, which has to be one that was foreseen. */
export async function soundResult<T>(
  codes: readonly FailureCode[],
  work: () => Promise<T> | T,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    expect(codes).toContain(error.code);
    expectClear({ subject: error.code, message: error.message });
    error.problems.forEach(expectClear);
    return null;
  }
}

/** Names what it is about and says something, in words and not in those of a program. */
export function expectClear({ subject, message }: Problem): void {
  expect(subject).not.toBe('');
  expect(message.length).toBeGreaterThan(5);
  expect(message).not.toMatch(/\[object Object\]|\n\s+at |Cannot read prop|is not a function/);
}

/** A task that is one by the schema, cannot be changed and can be written down. */
export function expectWholeSpec(spec: TaskSpec): void {
  expect(v.safeParse(taskSpecSchema, spec).issues ?? []).toEqual([]);
  expect(isFrozen(spec)).toBe(true);
  // JSON spells out what no program's arguments can hold.
  expect(JSON.stringify(spec)).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
}

function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozen);
}
