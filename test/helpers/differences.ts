import type { TestEngine } from './engines.ts';

/**
 * What the conformance tests do not ask of an engine, by the test's title, with the line of docs/engines.md that tells
 * it. Whatever is not here is the same everywhere.
 */
export const differences: Readonly<Record<TestEngine, Readonly<Record<string, string>>>> = {
  docker: {},
  podman: {
    'a directory named "com,ma" works, by its absolute and its relative path': 'odd-paths',
    'a directory named "\\"quoted\\"" works, by its absolute and its relative path': 'odd-paths',
    'a directory named "source=x,readonly" works, by its absolute and its relative path':
      'odd-paths',
    'in a copy of the workspace what is left out of it is not there, either': 'workdir-of-a-copy',
    'a task that does not read its input ends all the same': 'unread-input',
    'of disk and memory at once gets what it may have of each': 'out-of-memory',
  },
  simulation: {
    '--security-opt seccomp=FILE is in force': 'seccomp-file',
    'a root caller can hand a workspace of someone else to its owner': 'user',
  },
};

/** Why a test is not asked of an engine, or null. */
export function differenceOf(engine: TestEngine, title: string): string | null {
  const line = differences[engine][title];
  return line === undefined ? null : `differs, see ${line} in docs/engines.md`;
}
