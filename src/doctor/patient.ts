import { dirname, join } from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { connectEngine } from '../engine/engines.ts';
import { PhaseClock } from '../engine/phase-clock.ts';
import { SandboxFailure } from '../failure.ts';
import { within } from '../engine/timer.ts';
import { runTask } from '../run/run-task.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { createTaskId } from '../spec/task-id.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { Platform } from './platform.ts';

export const helloText = 'hello from a sandbox\n';
const helloLimitMs = 20_000;
/** An engine that needs longer to say who it is will not run tasks in time, either. */
const connectLimitMs = 5_000;

/** What the checks look at: one engine, connected to once, and the task that would be run on it. */
export class Patient {
  readonly spec: TaskSpec;
  readonly platform: Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly #end = new AbortController();
  readonly #cancel: AbortSignal;
  #engine: Promise<Engine> | null = null;
  #told: Receipt | null = null;

  constructor(asked: TaskSpec, around: PatientSurroundings) {
    const id = createTaskId();
    this.spec = {
      ...asked,
      // Whoever asks for "auto" wants an engine, and must hear it where there is none.
      engine: asked.engine === 'auto' ? 'docker' : asked.engine,
      id,
      command: ['sh', '-c', `printf '${helloText.trimEnd()}\\n'`],
      keepEntrypoint: false,
      stdin: false,
      workspaceMode: 'rw',
      apply: 'never',
      manifest: false,
      limits: { ...asked.limits, timeoutMs: helloLimitMs },
      receiptPath: join(dirname(asked.receiptPath), `${id}.json`),
    };
    this.platform = around.platform;
    this.env = around.env;
    this.#cancel = AbortSignal.any([around.cancel, this.#end.signal]);
  }

  async engine(): Promise<Engine> {
    this.#engine ??= this.#connect();
    return await this.#engine;
  }

  async #connect(): Promise<Engine> {
    const connecting = connectEngine(this.spec, { cancel: this.#cancel, env: this.env });
    const engine = await within(connectLimitMs, connecting, null);
    if (engine) return engine;
    const seconds = connectLimitMs / 1000;
    throw new SandboxFailure('engine-unresponsive', `no engine answered within ${seconds} s`);
  }

  /** Runs the harmless task. Its level is looked at afterwards, so less than was asked for does not end it. */
  async hello(cancel: AbortSignal): Promise<Receipt> {
    this.#told = await runTask(
      { ...this.spec, isolation: 'none' },
      {
        stdin: null,
        onStdout: null,
        onStderr: null,
        onEvent: () => undefined,
        cancel: AbortSignal.any([cancel, this.#cancel]),
        force: this.#end.signal,
        env: this.env,
      },
    );
    return this.#told;
  }

  /** What the harmless task told, once it has run. */
  get told(): Receipt | null {
    return this.#told;
  }

  /** What an engine needs to make an image ready. */
  createContext(cancel: AbortSignal) {
    return {
      cancel,
      phases: new PhaseClock(),
      warn: () => undefined,
      progress: () => undefined,
      secrets: [],
    };
  }

  /** Ends whatever still waits for an answer. */
  async close(): Promise<void> {
    const connecting = (this.#engine ?? Promise.resolve(null)).catch(() => null);
    const engine = await within(0, connecting, null);
    await engine?.close();
    this.#end.abort();
  }
}

export interface PatientSurroundings {
  readonly platform: Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly cancel: AbortSignal;
}
