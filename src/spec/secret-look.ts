import { stat } from 'node:fs/promises';
import { readCallersFile } from './caller-file.ts';
import { lookOnce } from './host-answers.ts';
import type { Caller } from './host-path.ts';
import { mostSecretBytes, secretFileMistake, secretSizeMistake } from './secret.ts';
import type { SecretSource } from './task-spec.ts';
import { ownValue } from './variables.ts';

/**
 * What would keep a task from getting this secret, as far as that can be told before: hours may pass until its turn
 * comes. Null where nothing would, or where it can be read only once, as a pipe. Never tells the value.
 */
export async function secretMistake(source: SecretSource, caller: Caller): Promise<string | null> {
  const { name, path } = source;
  const look = () => (path === null ? inVariable(ownValue(caller.env, name)) : inFile(path));
  const mistake = await lookOnce(caller, ['secret', name, path], look);
  return mistake && `the secret ${name} cannot be used: ${mistake}`;
}

async function inVariable(value: string | undefined): Promise<string | null> {
  return await Promise.resolve(secretSizeMistake(Buffer.from(value ?? '')));
}

async function inFile(path: string): Promise<string | null> {
  try {
    if (!(await stat(path)).isFile()) return null;
    return secretSizeMistake(await readCallersFile(path, { mostBytes: mostSecretBytes }));
  } catch (error) {
    return secretFileMistake(path, error);
  }
}
