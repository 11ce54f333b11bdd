import * as v from 'valibot';
import { within } from '../../../timer.ts';
import { abortOf } from '../../answers.ts';
import type { RegistryAuth } from './registry-login.ts';

const answerSchema = v.object({ Username: v.string(), Secret: v.string() });

const helperLimitMs = 30_000;
/** A login is far smaller. */
const mostKibibytes = 64;

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
  if (ended.isMaxBuffer) throw new Error(`${program} answered more than ${mostKibibytes} KiB`);
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
  // In a group of its own, so that what it has started can be ended together with it.
  const limits = { detached: true, maxBuffer: mostKibibytes * 1024 } as const;
  const running = execa(program, ['get'], { ...options, ...limits });
  let hasEnded = false;
  try {
    const ended = await within(limitMs, Promise.race([running, abortOf(cancel)]), null);
    hasEnded = ended !== null && !ended.isMaxBuffer;
    return ended;
  } finally {
    if (!hasEnded) killGroup(running.pid);
    // A child of it may hold the other end, which would keep this process from ending.
    running.stdout.destroy();
    running.stderr.destroy();
  }
}

/** Reading a login is nothing that would have to be tidied up after. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has just ended.
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

/**
 * What helpers are known to say. They print their messages on stdout, where logins are printed, too, so that nothing
 * else of it is repeated.
 */
const knownReasons: readonly RegExp[] = [
  /no credentials (server URL|username)/i,
  /pass (store is uninitialized|not initialized)/i,
  /gpg: [a-z ]*failed: [A-Za-z ]{1,40}/,
  /cannot autolaunch D-Bus without X11/i,
  /user interaction is not allowed/i,
  /the user name or passphrase you entered is not correct/i,
  /a specified logon session does not exist/i,
];

function reasonOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) {
  const known = knownReasons.map((reason) => reason.exec(stdout)?.[0]);
  const line = stderr.split('\n').find((text) => text.trim() !== '' && !isPartOfLogin(text));
  return (known.find(Boolean) ?? line ?? 'no reason given').trim().slice(0, 200);
}

/** Some write what they do into their stderr. */
function isPartOfLogin(text: string): boolean {
  return /[{}]|"(ServerURL|Username|Secret)"/i.test(text);
}
