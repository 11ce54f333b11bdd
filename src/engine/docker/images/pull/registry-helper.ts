import * as v from 'valibot';
import { within } from '../../../timer.ts';
import { abortOf } from '../../answers.ts';
import type { RegistryAuth } from './registry-login.ts';

const answerSchema = v.object({ Username: v.string(), Secret: v.string() });

const helperLimitMs = 30_000;

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cancel: AbortSignal;
  readonly limitMs?: number;
}

/**
 * What `docker-credential-NAME get` answers; null where it knows none. Rejects with an error that says what is
 * wrong with it, and nothing of what it may have printed besides its own message.
 */
export async function loginFromHelper(
  name: string,
  registry: string,
  { env, cancel, limitMs = helperLimitMs }: Surroundings,
): Promise<RegistryAuth | null> {
  // It is looked up in PATH, and a path in its place would be another program.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new Error(`the Docker config names a credential helper with an odd name, "${name}"`);
  }
  const program = `docker-credential-${name}`;
  const ended = await answerOf(program, registry, { env, cancel, limitMs });
  if (ended === null) throw new Error(`${program} did not answer within ${limitMs / 1000} s`);
  if (ended.code === 'ENOENT') throw new Error(`${program} is not installed`);
  if (ended.exitCode === 0) return authOf(ended.stdout, { program, registry });
  if (/credentials not found/i.test(ended.stdout)) return null;
  throw new Error(`${program} failed: ${reasonOf(ended)}`);
}

/** Null where it takes too long. */
async function answerOf(
  program: string,
  registry: string,
  { env, cancel, limitMs }: Required<Surroundings>,
) {
  const { execa } = await import('execa');
  const options = { input: registry, env, extendEnv: false, reject: false } as const;
  const running = execa(program, ['get'], { ...options, forceKillAfterDelay: 500 });
  try {
    return await within(limitMs, Promise.race([running, abortOf(cancel)]), null);
  } finally {
    running.kill();
    // A child of it may hold the other end, which would keep this process from ending.
    running.stdout.destroy();
    running.stderr.destroy();
  }
}

function authOf(
  stdout: string,
  { program, registry }: { program: string; registry: string },
): RegistryAuth | null {
  const parsed = v.safeParse(answerSchema, jsonOf(stdout));
  if (!parsed.success) throw new Error(`${program} answered something else than a login`);
  const { Username: username, Secret: secret } = parsed.output;
  if (username === '' && secret === '') return null;
  // How a helper says that it has a token instead of a password.
  if (username === '<token>') return { serveraddress: registry, identitytoken: secret };
  return { serveraddress: registry, username, password: secret };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Helpers print their messages on stdout, where logins are printed, too. */
function reasonOf(ended: { readonly stdout: string; readonly stderr: string }): string {
  const lines = [ended.stdout, ended.stderr].flatMap((text) => text.trim().split('\n'));
  const line = lines.find((text) => text !== '' && !text.includes('{')) ?? 'no reason given';
  return line.slice(0, 200);
}
