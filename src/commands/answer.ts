import { SandboxFailure } from '../failure.ts';
import { signalExitCode } from '../outcome/exit-code.ts';
import { reportFailure } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import type { Terminal } from '../report/terminal.ts';
import type { CommandArgs } from './command.ts';

/** What a command that runs no task returns. */
export const answers = { fine: 0, notFine: 1, usage: 2 } as const;

const usageCodes = ['usage', 'invalid-settings'];

interface Asked {
  readonly terminal: Terminal;
  readonly isJson: boolean;
  /** Of a command that can be interrupted. */
  readonly cancel?: AbortSignal;
  /** What it says of an interruption, where that is not "cancelled"; null for nothing. */
  readonly lastWord?: (signal: NodeJS.Signals) => string | null;
}

/** Runs a command and says what became of it, also where it failed. */
export async function answer(
  { terminal, isJson, cancel, lastWord = cancelledBy }: Asked,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (cancel?.aborted && (error === cancel.reason || isCancelled(error))) {
      return interrupted(cancel, { terminal, lastWord });
    }
    if (!(error instanceof SandboxFailure)) throw error;
    if (isJson) terminal.stdout.write(jsonText(failureJson(error)));
    reportFailure(terminal, error);
    return usageCodes.includes(error.code) ? answers.usage : answers.notFine;
  }
}

export function isJson({ values }: CommandArgs): boolean {
  return values.json === true;
}

function isCancelled(error: unknown): boolean {
  return error instanceof SandboxFailure && error.code === 'cancelled';
}

export function cancelledBy(signal: NodeJS.Signals): string {
  return `cancelled by ${signal}`;
}

function interrupted(
  { reason }: AbortSignal,
  { terminal, lastWord }: Required<Pick<Asked, 'terminal' | 'lastWord'>>,
): number {
  const signal = typeof reason === 'string' ? (reason as NodeJS.Signals) : 'SIGINT';
  const message = lastWord(signal);
  if (message !== null) reportFailure(terminal, new SandboxFailure('cancelled', message));
  return signalExitCode(signal);
}
