import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { SandboxFailure, errnoOf, messageOf } from '../../failure.ts';
import { sha256 } from '../../spec/sha256.ts';

/** Where an engine may listen, and who says so. */
export interface EngineAddress {
  readonly url: string;
  readonly origin: string;
  readonly tls: TlsFiles | null;
}

/** PEM texts. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly verify: boolean;
}

const configSchema = v.object({ currentContext: v.optional(v.string()) });
const metaSchema = v.object({
  Endpoints: v.object({
    docker: v.object({ Host: v.optional(v.string()), SkipTLSVerify: v.optional(v.boolean()) }),
  }),
});

/** The Docker config's current context; `default` means none. */
export async function currentContext(configDir: string): Promise<string | null> {
  const path = join(configDir, 'config.json');
  const text = await readIfThere(path);
  if (text === null) return null;
  const { currentContext } = parse(configSchema, { path, text });
  return currentContext && currentContext !== 'default' ? currentContext : null;
}

/** A context of the Docker CLI: its name's SHA-256 is its folder. */
export async function readContext(
  name: string,
  origin: string,
  configDir: string,
): Promise<EngineAddress> {
  const folder = sha256().update(name).digest('hex');
  const path = join(configDir, 'contexts/meta', folder, 'meta.json');
  const text = await readIfThere(path);
  if (text === null) throw noSuchContext(name, origin, path);
  const { Host, SkipTLSVerify } = parse(metaSchema, { path, text }).Endpoints.docker;
  if (!Host) throw noSuchContext(name, origin, path);
  const files = await readTlsFiles(
    join(configDir, 'contexts/tls', folder, 'docker'),
    !SkipTLSVerify,
  );
  // Whom not to believe is a question of TLS only, so the Docker CLI takes it as a wish for TLS.
  const tls = files ?? (SkipTLSVerify ? { ca: null, cert: null, key: null, verify: false } : null);
  return { url: Host, origin: `${origin} (context ${name})`, tls };
}

/** `ca.pem`, `cert.pem` and `key.pem` of a folder; null where there are none. */
export async function readTlsFiles(folder: string, verify: boolean): Promise<TlsFiles | null> {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readIfThere(join(folder, name))),
  );
  if (!ca && !cert && !key) return null;
  return { ca: ca ?? null, cert: cert ?? null, key: key ?? null, verify };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw unreadable(path, error);
  }
}

function parse<T>(schema: v.GenericSchema<unknown, T>, file: { path: string; text: string }): T {
  try {
    const json: unknown = JSON.parse(file.text);
    // An array would pass for an object without keys.
    if (Array.isArray(json)) throw new Error('expected an object, got an array');
    return v.parse(schema, json);
  } catch (error) {
    throw unreadable(file.path, error);
  }
}

function unreadable(path: string, cause: unknown): SandboxFailure {
  return new SandboxFailure('config-unreadable', `cannot use ${path}: ${messageOf(cause)}`, {
    hint: 'It says which engine to use. Mend it, or name the engine with --host.',
    cause,
  });
}

function noSuchContext(name: string, origin: string, path: string): SandboxFailure {
  return new SandboxFailure(
    'config-unreadable',
    `${origin} names the Docker context "${name}", and there is none (no usable ${path})`,
    { hint: 'List the contexts with: docker context ls' },
  );
}
