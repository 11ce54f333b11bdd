import type { Readable } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import { connectEngine } from '../engine/engines.ts';
import type { TaskControl } from '../control/task-control.ts';
import { SandboxFailure, toFailure } from '../failure.ts';
import { Redactor } from '../outcome/redactor.ts';
import { composeReceipt } from '../receipt/compose-receipt.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { redactReceipt } from '../receipt/redact-receipt.ts';
import { ReceiptPlace } from '../receipt/write-receipt.ts';
import { type LoadedSecrets, loadSecrets } from '../spec/secret.ts';
import type { TaskSpec, TerminalSize } from '../spec/task-spec.ts';
import type { RunEvent } from './event.ts';
import type { ChunkReceiver } from './output-relay.ts';
import { Sweep } from './leftovers-beside.ts';
import { TaskRun } from './task-run.ts';

/** What the task's terminal is shown on. */
export interface CallersTerminal {
  /** From here on every key is the task's. */
  attach(): void;
  /** Tells the task's terminal its size, and each new one. */
  follow(resize: (size: TerminalSize) => Promise<void>): void;
  /** Gives the terminal back as it was; nothing happens where it was never taken. */
  detach(): void;
}

/** What a run is connected to. */
export interface RunIo {
  readonly stdin: Readable | null;
  readonly onStdout: ChunkReceiver | null;
  readonly onStderr: ChunkReceiver | null;
  readonly onEvent: (event: RunEvent) => void;
  /** The caller's terminal, where the task has one. */
  readonly terminal?: CallersTerminal;
  /** Aborting it cancels the task; a reason such as 'SIGINT' is the signal that is forwarded. */
  readonly cancel: AbortSignal;
  /** Aborting it kills the task at once. */
  readonly force: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Where tasks share an engine; absent where this one has its own. */
  readonly connect?: typeof connectEngine;
}

/**
 * Runs one task and resolves to its receipt, for every ending. Rejects with a SandboxFailure only where no
 * receipt can be written (`receipt-not-writable`) or where it belongs to another task (`id-in-use`).
 */
export async function runTask(spec: TaskSpec, io: RunIo): Promise<Receipt> {
  const { env, connect = connectEngine } = io;
  const over = new AbortController();
  const cancel = AbortSignal.any([io.cancel, over.signal]);
  // Beside all that needs no engine.
  const connecting = connect(spec, { cancel, env, upcoming: spec });
  connecting.catch(() => undefined);
  try {
    return await runOn(connecting, spec, io);
  } finally {
    // Where the task did not come to it, nobody waits for an engine that does not answer.
    over.abort();
    await connecting.then(
      (engine) => engine.close(),
      () => undefined,
    );
  }
}

async function runOn(connecting: Promise<Engine>, spec: TaskSpec, io: RunIo): Promise<Receipt> {
  const place = await ReceiptPlace.reserve(spec.receiptPath);
  const sweep = new Sweep(spec.receiptPath);
  let control: TaskControl | null = null;
  let receipt: Receipt | null = null;
  try {
    const loaded: LoadedSecrets = await loadSecrets(spec.secrets, io);
    const redactor = loaded.secrets.length > 0 ? new Redactor(loaded.secrets) : null;
    const onEvent = (event: RunEvent) => {
      if (event.kind === 'started') sweep.begin();
      io.onEvent(event);
    };
    const run = new TaskRun(spec, { ...io, onEvent, connecting }, { ...loaded, redactor });
    control = run.control;
    const composed = redactReceipt(composeReceipt(await run.execute()), redactor);
    await orSayEnding(composed, () => place.write(composed));
    receipt = composed;
    return receipt;
  } finally {
    await sweep.end();
    await place.release();
    // Last: whoever waits for the end may start another task of the same id.
    const { status = null, exitCode = null } = receipt ?? {};
    await control?.close({ status, exitCode });
  }
}

/** A caller without a receipt has only our last words to know how the task ended. */
async function orSayEnding(receipt: Receipt, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code, message, hint, cause } = toFailure(error);
    const { status, exitCode, evidence } = receipt;
    const running = evidence.mayStillRun ? ', and it may still be running' : '';
    const ending = `the task’s status is "${status}", its exit code would be ${exitCode}${running}`;
    const details = { ...(hint === null ? {} : { hint }), cause };
    throw new SandboxFailure(code, `${message}; ${ending}`, details);
  }
}
