import { SandboxFailure } from '../failure.ts';

/** Ids are one for all on an engine, whatever the workspace: two batches of files of one name have the same ones. */
export function idInUse(id: string, cause?: unknown): SandboxFailure {
  return new SandboxFailure('id-in-use', `a task with the id "${id}" is running already`, {
    hint: 'Wait for it, stop it, or choose another id: --id, or "id" of a task in the file of a batch.',
    cause,
  });
}
