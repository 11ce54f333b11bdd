import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { errnoOf, messageOf } from '../../../../failure.ts';
import type { RegistryAuth } from './registry-login.ts';

const optionalText = v.optional(v.string(), '');

const savedSchema = v.object({
  auth: optionalText,
  username: optionalText,
  password: optionalText,
  identitytoken: optionalText,
  registrytoken: optionalText,
});

const configSchema = v.object({
  auths: v.optional(v.record(v.string(), savedSchema), {}),
  credHelpers: v.optional(v.record(v.string(), v.string()), {}),
  credsStore: optionalText,
});

/** The part of the Docker config that is about logins. */
export interface RegistryConfig {
  readonly auths: Readonly<Record<string, v.InferOutput<typeof savedSchema>>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | null;
}

/** Rejects with an error that has nothing of the content in it. */
export async function readRegistryConfig(path: string): Promise<RegistryConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') {
      throw new Error(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
    text = '{}';
  }
  const parsed = v.safeParse(configSchema, jsonOf(text, path));
  if (!parsed.success) {
    const where = v.getDotPath(parsed.issues[0]) ?? 'the whole file';
    throw new Error(`${path}: "${where}" is not as expected`);
  }
  const { credsStore, ...rest } = parsed.output;
  return { ...rest, credsStore: credsStore === '' ? null : credsStore };
}

/** Not the parser's own message, which quotes the text. */
function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${path} is not JSON`);
  }
}

/** The login that stands in the file itself. Older ones are kept under a whole address. */
export function savedLogin({ auths }: RegistryConfig, registry: string): RegistryAuth | null {
  const entries = Object.entries(auths);
  const found =
    entries.find(([key]) => key === registry) ??
    entries.find(([key]) => hostOf(key) === registry || hostOf(key) === hostOf(registry));
  if (!found) return null;
  const { auth, identitytoken, registrytoken, ...plain } = found[1];
  const { username, password } = auth === '' ? plain : decoded(auth);
  const secrets = { username, password, identitytoken, registrytoken };
  const given = Object.entries(secrets).filter(([, value]) => value !== '');
  return given.length === 0 ? null : { serveraddress: registry, ...Object.fromEntries(given) };
}

/** Docker pads some with NUL bytes. */
function decoded(auth: string): { username: string; password: string } {
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon <= 0) return { username: '', password: '' };
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
