import type { Readable } from 'node:stream';
import type { connectEngine } from '../engine/engines.ts';
import { SandboxFailure, toFailure } from '../failure.ts';
import { Redactor } from '../outcome/redactor.ts';
import { composeReceipt } from '../receipt/compose-receipt.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { redactReceipt } from '../receipt/redact-receipt.ts';
import { ReceiptPlace } from '../receipt/write-receipt.ts';
import { type LoadedSecrets, loadSecrets } from '../spec/secret.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { RunEvent } from './event.ts';
import type { ChunkReceiver } from './output-relay.ts';
import { TaskRun } from './task-run.ts';

/** What a run is connected to. */
export interface RunIo {
  readonly stdin: Readable | null;
  readonly onStdout: ChunkReceiver | null;
  readonly onStderr: ChunkReceiver | null;
  readonly onEvent: (event: RunEvent) => void;
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
  const place = await ReceiptPlace.reserve(spec.receiptPath);
  try {
    const loaded: LoadedSecrets = await loadSecrets(spec.secrets, io);
    const redactor = loaded.secrets.length > 0 ? new Redactor(loaded.secrets) : null;
    const record = await new TaskRun(spec, io, { ...loaded, redactor }).execute();
    const receipt = redactReceipt(composeReceipt(record), redactor);
    await orSayEnding(receipt, () => place.write(receipt));
    return receipt;
  } finally {
    await place.release();
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
