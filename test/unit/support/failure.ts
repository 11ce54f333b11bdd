import { expect } from 'vitest';
import { type Problem, SandboxFailure } from '../../../src/failure.ts';

/** What some work throws or rejects with, which has to be a SandboxFailure. */
export async function failureOf(work: () => unknown): Promise<SandboxFailure> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SandboxFailure) return error;
    throw error;
  }
  throw new Error('expected a failure, and there was none');
}

/** Every problem of work that fails for them, each as `subject: message`. */
export async function problemsOf(work: () => unknown): Promise<string[]> {
  const failure = await failureOf(work);
  expect(failure.code).toBe('invalid-settings');
  return lines(failure.problems);
}

export function lines(problems: readonly Problem[]): string[] {
  return problems.map(({ subject, message }) => `${subject}: ${message}`);
}
