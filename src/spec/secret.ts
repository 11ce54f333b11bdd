import { resolve } from 'node:path';
import { SandboxFailure, toFailure } from '../failure.ts';
import { readCallersFile } from './caller-file.ts';
import { Expectation } from './expectation.ts';
import type { Caller } from './host-path.ts';
import type { SecretSource } from './task-spec.ts';
import { whyUnreadable } from './unreadable.ts';
import { ownValue } from './variables.ts';

/** A secret with its value, which never gets into a TaskSpec, a label or a receipt. */
export interface Secret {
  readonly name: string;
  readonly value: Buffer;
}

export const secretNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Shorter ones cannot be told from other text, so they could not be kept out of a receipt. */
const leastBytes = 4;
export const mostSecretBytes = 64 * 1024;

/** `--secret NAME`, the caller's variable, or `--secret NAME=@FILE`. */
export function parseSecret(text: string, caller: Caller): SecretSource {
  const [, name = '', path] = /^([^=]*)(?:=@(.+))?$/s.exec(text) ?? [];
  if (!secretNamePattern.test(name)) {
    throw new Expectation('NAME (of a variable) or NAME=@FILE', text.replace(/=.*/s, '=…'));
  }
  if (path !== undefined) return { name, path: resolve(caller.cwd, path) };
  if (ownValue(caller.env, name) === undefined) {
    throw new Expectation(`the name of a variable that is set, or ${name}=@FILE`, text);
  }
  return { name, path: null };
}

export interface LoadedSecrets {
  readonly secrets: readonly Secret[];
  /** Why there are none; a task must then not be started. */
  readonly failure: SandboxFailure | null;
}

interface SecretSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cancel: AbortSignal;
}

/** Answers a failure instead of throwing it: that, too, ends in a receipt. */
export async function loadSecrets(
  sources: readonly SecretSource[],
  { env, cancel }: SecretSurroundings,
): Promise<LoadedSecrets> {
  try {
    return { secrets: await readSecrets(sources, { env, cancel }), failure: null };
  } catch (error) {
    return { secrets: [], failure: toFailure(error) };
  }
}

/** Read as late as can be. Rejects with a SandboxFailure (`secret-unreadable`) that does not tell the value. */
async function readSecrets(
  sources: readonly SecretSource[],
  { env, cancel }: SecretSurroundings,
): Promise<Secret[]> {
  return await Promise.all(
    sources.map(async ({ name, path }) => {
      const value =
        path === null
          ? Buffer.from(ownValue(env, name) ?? '')
          : await readSecretFile({ name, path }, cancel);
      const mistake = secretSizeMistake(value);
      if (mistake !== null) throw unusable(name, mistake);
      return { name, value };
    }),
  );
}

/** Why no value of this size can be a secret, or null. */
export function secretSizeMistake(value: Buffer): string | null {
  if (trimmed(value).length >= leastBytes && value.length <= mostSecretBytes) return null;
  return `expected ${leastBytes} bytes to 64 KiB, found ${value.length} bytes`;
}

/** Why no value was read from this file. */
export function secretFileMistake(path: string, error: unknown): string {
  return `${whyUnreadable(error)} (${path})`;
}

/** Without the newline at the end, which a file has and its printed form has not. */
export function trimmed(value: Buffer): Buffer {
  let end = value.length;
  while (end > 0 && (value[end - 1] === 0x0a || value[end - 1] === 0x0d)) end -= 1;
  return value.subarray(0, end);
}

/** A pipe is fine, as in `--secret KEY=@<(pass show key)`. */
async function readSecretFile(
  { name, path }: { name: string; path: string },
  cancel: AbortSignal,
): Promise<Buffer> {
  try {
    const value = await readCallersFile(path, { mostBytes: mostSecretBytes, cancel });
    if (value.length > mostSecretBytes) throw new Error('it is larger than 64 KiB');
    return value;
  } catch (error) {
    throw unusable(name, secretFileMistake(path, error));
  }
}

function unusable(name: string, reason: string): SandboxFailure {
  return new SandboxFailure('secret-unreadable', `the secret ${name} cannot be used: ${reason}`, {
    hint: 'Mend the variable or the file that --secret names; nothing was started.',
  });
}
