import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Ending, RunningTask } from '../../src/engine/engine.ts';
import { SandboxFailure } from '../../src/failure.ts';
import { Cancellation } from '../../src/outcome/cancellation.ts';
import { Termination } from '../../src/outcome/termination.ts';
import { cancelSignalOf, supervise } from '../../src/run/supervise.ts';
import type { Limits } from '../../src/spec/task-spec.ts';
import { failureOf } from './support/failure.ts';
import { taskLimits } from './support/task-spec.ts';

type Answer = 'sent' | 'already-ended';
type OnKill = (signal: NodeJS.Signals, task: ControlledTask) => Answer | Promise<Answer>;

/** A task that does what its test says when it gets a signal. */
class ControlledTask implements RunningTask {
  readonly stdin = null;
  readonly drained = Promise.resolve();
  readonly resize = null;
  readonly received: NodeJS.Signals[] = [];
  readonly #onKill: OnKill;
  readonly #ended: Promise<Ending>;
  #settle: { end: (ending: Ending) => void; fail: (error: Error) => void } | null = null;

  constructor(onKill: OnKill = () => 'sent') {
    this.#onKill = onKill;
    this.#ended = new Promise((end, fail) => {
      this.#settle = { end, fail };
    });
  }

  end(exitCode = 0, endedFirst = false): void {
    this.#settle?.end({
      end: { exitCode, signal: null },
      oomKills: null,
      observed: [],
      stoppedBy: null,
      endedFirst,
      watchdog: null,
      isOver: false,
    });
  }

  lose(error: Error): void {
    this.#settle?.fail(error);
  }

  async ended(): Promise<Ending> {
    return await this.#ended;
  }

  async kill(signal: NodeJS.Signals): Promise<Answer> {
    this.received.push(signal);
    return await this.#onKill(signal, this);
  }
}

/** Ends by the signals that are named, and survives the others. */
function endsBy(...signals: NodeJS.Signals[]): OnKill {
  return (signal, task) => {
    if (signals.includes(signal)) task.end(137);
    return 'sent';
  };
}

const hourMs = 3_600_000;

/** Without a deadline, and with a grace that no test waits for, unless it says so. */
function watch(
  task: ControlledTask,
  limits: Partial<Limits> = {},
  onAnnounced: (signal: NodeJS.Signals) => void = () => undefined,
) {
  const [cancel, force, overLimit, termination] = [
    new AbortController(),
    new AbortController(),
    new AbortController(),
    new Termination(),
  ];
  const announced: NodeJS.Signals[] = [];
  const start = () =>
    supervise(task, {
      limits: taskLimits({ timeoutMs: 0, killAfterMs: hourMs, ...limits }),
      cancel: cancel.signal,
      force: force.signal,
      overLimit: overLimit.signal,
      termination,
      hasTerminal: false,
      onSignal: (signal) => {
        announced.push(signal);
        onAnnounced(signal);
      },
    });
  const sent = () => termination.signals.map(({ signal }) => signal);
  return { cancel, force, overLimit, termination, announced, sent, start };
}

function useFakeTimers(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

describe('a task that ends by itself', () => {
  test('gets no signal, has no cause and leaves no timer', async () => {
    useFakeTimers();
    const task = new ControlledTask();
    const watched = watch(task, { timeoutMs: hourMs });
    const ending = watched.start();
    expect(vi.getTimerCount()).toBe(1);
    task.end(7);
    expect((await ending).end.exitCode).toBe(7);
    expect([task.received, watched.termination.cause, vi.getTimerCount()]).toEqual([[], null, 0]);
  });

  test('has no deadline where that is 0', () => {
    useFakeTimers();
    void watch(new ControlledTask(), { timeoutMs: 0 }).start();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('hears nothing of a cancellation that comes later', async () => {
    const task = new ControlledTask();
    const watched = watch(task);
    const ending = watched.start();
    task.end();
    await ending;
    watched.cancel.abort('SIGINT');
    watched.force.abort();
    expect(task.received).toEqual([]);
  });

  test('and is seen to have ended before a signal that the engine took has got none', async () => {
    const task = new ControlledTask((_, ended) => {
      ended.end(0, true);
      return 'sent';
    });
    const watched = watch(task, { timeoutMs: 1 });
    expect((await watched.start()).end.exitCode).toBe(0);
    expect([watched.sent(), watched.termination.cause]).toEqual([[], null]);
  });

  test('just before the first signal ended by itself, whatever the clock says', async () => {
    const task = new ControlledTask((_, ended) => {
      ended.end(0);
      return 'already-ended';
    });
    const watched = watch(task, { timeoutMs: 1 });
    expect((await watched.start()).end.exitCode).toBe(0);
    expect(task.received).toEqual(['SIGTERM']);
    expect([watched.termination.cause, watched.sent()]).toEqual([null, []]);
  });
});

describe('the deadline', () => {
  test('sends SIGTERM, and nothing more to a task that ends by it', async () => {
    const task = new ControlledTask(endsBy('SIGTERM'));
    const watched = watch(task, { timeoutMs: 1 });
    await watched.start();
    expect([task.received, watched.announced, watched.sent()]).toEqual([
      ['SIGTERM'],
      ['SIGTERM'],
      ['SIGTERM'],
    ]);
    expect(watched.termination.cause).toEqual({ kind: 'deadline' });
  });

  test('sends SIGKILL although the answer to SIGTERM is late, and tells them in their order', async () => {
    let answer: (late: Answer) => void = () => undefined;
    const late = new Promise<Answer>((resolve) => {
      answer = resolve;
    });
    const task = new ControlledTask((signal, killed) => {
      if (signal === 'SIGTERM') return late;
      killed.end(137);
      // Later than the answer to the second one.
      setImmediate(() => answer('sent'));
      return 'sent';
    });
    const watched = watch(task, { timeoutMs: 1, killAfterMs: 1 });
    await watched.start();
    expect([task.received, watched.sent()]).toEqual([
      ['SIGTERM', 'SIGKILL'],
      ['SIGTERM', 'SIGKILL'],
    ]);
    expect(watched.termination.cause).toEqual({ kind: 'deadline' });
  });

  test.each([0, 1])('sends SIGKILL after a grace of %i ms', async (killAfterMs) => {
    const task = new ControlledTask(endsBy('SIGKILL'));
    const watched = watch(task, { timeoutMs: 1, killAfterMs });
    await watched.start();
    expect([task.received, watched.sent()]).toEqual([
      ['SIGTERM', 'SIGKILL'],
      ['SIGTERM', 'SIGKILL'],
    ]);
    expect(watched.termination.cause).toEqual({ kind: 'deadline' });
  });

  test('leaves the whole grace after the signal, however long it takes to announce it', async () => {
    const task = new ControlledTask(endsBy('SIGKILL'));
    const announce = (signal: NodeJS.Signals) => {
      const endMs = performance.now() + (signal === 'SIGTERM' ? 10 : 0);
      while (performance.now() < endMs);
    };
    const watched = watch(task, { timeoutMs: 1, killAfterMs: 5 }, announce);
    await watched.start();
    const [term, kill] = watched.termination.signals;
    expect((kill?.afterMs ?? 0) - (term?.afterMs ?? 0)).toBeGreaterThanOrEqual(5);
  });

  test('sends neither before its time', async () => {
    useFakeTimers();
    const task = new ControlledTask(endsBy('SIGKILL'));
    const ending = watch(task, { timeoutMs: 1_000, killAfterMs: 500 }).start();
    await vi.advanceTimersByTimeAsync(999);
    expect(task.received).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(task.received).toEqual(['SIGTERM']);
    await vi.advanceTimersByTimeAsync(499);
    expect(task.received).toEqual(['SIGTERM']);
    await vi.advanceTimersByTimeAsync(1);
    expect(task.received).toEqual(['SIGTERM', 'SIGKILL']);
    await ending;
  });

  test('is the cause of an end that was seen before the engine said that the signal was sent', async () => {
    const task = new ControlledTask(async (_, ended) => {
      ended.end(143);
      return await turn('sent');
    });
    const watched = watch(task, { timeoutMs: 1 });
    await watched.start();
    expect(watched.termination.cause).toEqual({ kind: 'deadline' });
  });

  test('stays the cause where the task ended before SIGKILL', async () => {
    const task = new ControlledTask((signal, ended) => {
      if (signal === 'SIGTERM') return 'sent';
      ended.end(0);
      return 'already-ended';
    });
    const watched = watch(task, { timeoutMs: 1, killAfterMs: 1 });
    await watched.start();
    expect([watched.termination.cause, watched.sent()]).toEqual([
      { kind: 'deadline' },
      ['SIGTERM'],
    ]);
  });
});

describe('a cancellation', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const)(
    'by %s forwards it',
    async (name) => {
      const task = new ControlledTask(endsBy(name));
      const watched = watch(task);
      const ending = watched.start();
      watched.cancel.abort(name);
      await ending;
      expect(watched.sent()).toEqual([name]);
      expect(watched.termination.cause).toEqual({ kind: 'cancelled', signal: name });
    },
  );

  test('that came before the task counts', async () => {
    const task = new ControlledTask(endsBy('SIGINT'));
    const watched = watch(task);
    watched.cancel.abort('SIGINT');
    await watched.start();
    expect(watched.termination.cause).toEqual({ kind: 'cancelled', signal: 'SIGINT' });
  });

  test('that is repeated kills at once, and the first signal stays the cause', async () => {
    const task = new ControlledTask(endsBy('SIGKILL'));
    const watched = watch(task);
    const ending = watched.start();
    watched.cancel.abort('SIGINT');
    watched.force.abort('SIGINT');
    await ending;
    expect(watched.sent()).toEqual(['SIGINT', 'SIGKILL']);
    expect(watched.termination.cause).toEqual({ kind: 'cancelled', signal: 'SIGINT' });
  });

  test('that was forced from the start sends SIGKILL alone', async () => {
    const task = new ControlledTask(endsBy('SIGKILL'));
    const watched = watch(task);
    watched.force.abort();
    await watched.start();
    expect(watched.sent()).toEqual(['SIGKILL']);
    expect(watched.termination.cause).toEqual({ kind: 'cancelled', signal: 'SIGKILL' });
  });

  test('during the grace of the deadline kills at once, and the deadline stays the cause', async () => {
    const task = new ControlledTask((signal, ended) => {
      if (signal === 'SIGTERM') watched.cancel.abort('SIGINT');
      return endsBy('SIGKILL')(signal, ended);
    });
    const watched = watch(task, { timeoutMs: 1 });
    await watched.start();
    expect(watched.sent()).toEqual(['SIGTERM', 'SIGKILL']);
    expect(watched.termination.cause).toEqual({ kind: 'deadline' });
  });

  test('keeps its grace where the deadline passes in it', async () => {
    useFakeTimers();
    const task = new ControlledTask(endsBy('SIGKILL'));
    const watched = watch(task, { timeoutMs: 100, killAfterMs: 500 });
    watched.cancel.abort('SIGINT');
    const ending = watched.start();
    await vi.advanceTimersByTimeAsync(499);
    expect(task.received).toEqual(['SIGINT']);
    await vi.advanceTimersByTimeAsync(1);
    expect(task.received).toEqual(['SIGINT', 'SIGKILL']);
    await ending;
    expect(watched.termination.cause).toEqual({ kind: 'cancelled', signal: 'SIGINT' });
  });

  test.each(['batch deadline', 'batch halt', 'sandbox stop'] as const)(
    'of a task that its deadline ends already leaves it the grace where it is by %s',
    async (canceller) => {
      useFakeTimers();
      const task = new ControlledTask(endsBy('SIGKILL'));
      const watched = watch(task, { timeoutMs: 100, killAfterMs: 500 });
      const ending = watched.start();
      await vi.advanceTimersByTimeAsync(100);
      watched.cancel.abort(new Cancellation(canceller));
      await vi.advanceTimersByTimeAsync(499);
      expect(task.received).toEqual(['SIGTERM']);
      await vi.advanceTimersByTimeAsync(1);
      await ending;
      expect(task.received).toEqual(['SIGTERM', 'SIGKILL']);
      expect(watched.termination.cause).toEqual({ kind: 'deadline' });
    },
  );
});

describe('an engine that fails', () => {
  const broken = new SandboxFailure('engine-lost', 'gone');

  test('to send a signal ends the supervision with its error', async () => {
    const task = new ControlledTask(() => Promise.reject(broken));
    const watched = watch(task, { timeoutMs: 1 });
    expect(await failureOf(watched.start)).toBe(broken);
    // Its answer was lost, which is no proof that the signal was.
    expect(watched.termination.cause).toEqual({ kind: 'deadline' });
  });

  test('to see the end ends the supervision with its error, and no timer is left', async () => {
    useFakeTimers();
    const task = new ControlledTask();
    const ending = watch(task, { timeoutMs: hourMs }).start();
    task.lose(broken);
    expect(await failureOf(() => ending)).toBe(broken);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each<[string, OnKill]>([
    ['after SIGKILL', () => 'sent'],
    ['of a task that it says has ended', () => 'already-ended'],
  ])('to report the end %s is given up', async (_, onKill) => {
    useFakeTimers();
    const failure = failureOf(
      watch(new ControlledTask(onKill), { timeoutMs: 1, killAfterMs: 1 }).start,
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await failure).code).toBe('engine-unresponsive');
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each([
  ['SIGINT', 'SIGINT'],
  [undefined, 'SIGTERM'],
  [new Error('SIGINT'), 'SIGTERM'],
  ['because', 'SIGTERM'],
])('A cancellation with the reason %s is a %s', (reason, signal) => {
  expect(cancelSignalOf(AbortSignal.abort(reason))).toBe(signal);
});
