import pLimit from 'p-limit';
import type { Leftover } from '../engine/engine.ts';
import { type SandboxFailure, messageOf } from '../failure.ts';
import { reportFailure, writeNote } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { type GoneOrNot, leftoversText } from '../report/leftovers.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { gcRequest } from './gc-request.ts';
import { onlySimulation } from './known-tasks.ts';
import { withLeftovers } from './gc-sources.ts';

/** An engine removes several at once hardly slower than one. */
const atOnce = 8;

/** `sandbox gc`: removes what killed runs left, and says what. */
export const gc: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  const { env } = terminal;
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const request = await gcRequest(args);
    const { isDryRun } = request;
    const onNoEngine = ({ message }: SandboxFailure) =>
      writeNote(terminal, onlySimulation(message));
    return await withLeftovers(
      request,
      { cancel, env, onNoEngine },
      async ({ leftovers, failures }) => {
        const rows = isDryRun ? leftovers.map(untouched) : await removeAll(leftovers, cancel);
        const errors = failures.map((failure) => failureJson(failure).error);
        const json = { dryRun: isDryRun, leftovers: rows, errors };
        terminal.stdout.write(isJson(args) ? jsonText(json) : leftoversText(rows, { isDryRun }));
        for (const failure of failures) reportFailure(terminal, failure);
        const isWell = failures.length === 0 && rows.every(({ error }) => error === null);
        return isWell ? answers.fine : answers.notFine;
      },
    );
  });
};

async function removeAll(
  leftovers: readonly Leftover[],
  cancel: AbortSignal,
): Promise<GoneOrNot[]> {
  const limit = pLimit(atOnce);
  const removals = leftovers.map((leftover) =>
    limit(async () => {
      cancel.throwIfAborted();
      return await removed(leftover);
    }),
  );
  await Promise.allSettled(removals);
  return await Promise.all(removals);
}

async function removed(leftover: Leftover): Promise<GoneOrNot> {
  try {
    await leftover.remove();
    return { ...untouched(leftover), removed: true };
  } catch (error) {
    return { ...untouched(leftover), error: messageOf(error) };
  }
}

function untouched({ kind, name, reason }: Leftover): GoneOrNot {
  return { kind, name, reason, removed: false, error: null };
}
