import type { Hash } from 'node:crypto';

/** Loaded with the first digest that is wanted: it takes longer than most of what a run does before its task starts. */
export function sha256(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}
