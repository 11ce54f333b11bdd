import type { Kind, PlannedTask } from './plan.ts';

/** Found among the processes of this machine only where a task of the soak was left behind. */
export const markerSeconds = '31557';

/** What a task has been asked to do, and how it ends where nothing happens to it. */
export interface Script {
  readonly line: string;
  /** `passed`, or the exit code or signal of a failure, or what ends it from outside. */
  readonly end: 'passed' | 'timed-out' | 'out-of-memory' | 'not-found' | number;
  readonly timeout: string;
  readonly memory: string;
}

/** The last that a task does before it ends by itself is to leave a file: the witness. */
export function scriptOf({ id, kind }: Pick<PlannedTask, 'id' | 'kind'>): Script {
  const witness = `echo ${id} > ${id}.end`;
  const long = { timeout: '100s', memory: '64m' };
  const short = { timeout: '1500ms', memory: '64m' };
  const scripts: Record<Kind, Script> = {
    passes: { ...long, end: 'passed', line: `echo hello ${id}; ${witness}` },
    fails: { ...long, end: 3, line: `echo sorry ${id}; ${witness}; exit 3` },
    'fails-137': { ...long, end: 137, line: `${witness}; exit 137` },
    'works-a-while': { ...long, end: 'passed', line: `echo a; sleep 0.6; echo b; ${witness}` },
    'ignores-sigterm': {
      ...short,
      end: 'timed-out',
      line: `trap "" TERM INT; echo a; sleep ${markerSeconds}; sleep ${markerSeconds}; ${witness}`,
    },
    'never-ends': {
      ...short,
      end: 'timed-out',
      line: `echo a; sleep ${markerSeconds}; ${witness}`,
    },
    'dies-by-signal': { ...long, end: 139, line: `${witness}; kill -SEGV $$` },
    'not-found': { ...long, end: 'not-found', line: '' },
    'out-of-memory': {
      timeout: '100s',
      memory: '16m',
      end: 'out-of-memory',
      line: 'tail /dev/zero',
    },
    'prints-much': { ...long, end: 'passed', line: `seq 200000; ${witness}` },
    'leaves-daemon': {
      ...long,
      end: 'passed',
      line: `sleep ${markerSeconds} & ${witness}`,
    },
    'closes-stdout': { ...long, end: 'passed', line: `exec 1>&-; sleep 0.3; ${witness}` },
  };
  return scripts[kind];
}

/** The words after the options of `run`. */
export function commandOf(task: PlannedTask): string[] {
  const { line } = scriptOf(task);
  return task.kind === 'not-found' ? ['no-such-program'] : ['sh', '-c', line];
}
