import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectOptions } from '../engine.ts';
import { type EngineAddress, currentContext, readContext, readTlsFiles } from './context.ts';

/**
 * In order: --host, --context, DOCKER_HOST, DOCKER_CONTEXT, the Docker config's current context; where none of
 * them says anything, the usual sockets. What the caller named is the only candidate: it is never passed over.
 */
export async function engineAddresses(options: ConnectOptions): Promise<EngineAddress[]> {
  const { env } = options;
  const home = env.HOME ?? homedir();
  const configDir = env.DOCKER_CONFIG ?? join(home, '.docker');
  if (options.host) return [await namedHost(options.host, '--host', { env, configDir })];
  if (options.context) return [await namedContext(options.context, '--context', configDir)];
  const host = env.DOCKER_HOST;
  if (host) return [await namedHost(host, 'DOCKER_HOST', { env, configDir })];
  const context = env.DOCKER_CONTEXT;
  if (context) return [await namedContext(context, 'DOCKER_CONTEXT', configDir)];
  const current = await currentContext(configDir);
  if (current) return [await namedContext(current, join(configDir, 'config.json'), configDir)];
  return usualSockets(env, home);
}

async function namedContext(
  name: string,
  origin: string,
  configDir: string,
): Promise<EngineAddress> {
  if (name === 'default') return defaultSocket;
  return await readContext(name, origin, configDir);
}

/** As the Docker CLI does: a tcp address is TLS when DOCKER_TLS_VERIFY is set, with the files of DOCKER_CERT_PATH. */
async function namedHost(
  host: string,
  origin: string,
  { env, configDir }: { env: NodeJS.ProcessEnv; configDir: string },
): Promise<EngineAddress> {
  const url = /^[a-z]+:\/\//.test(host) ? host : `tcp://${host}`;
  const wantsTls = Boolean(env.DOCKER_TLS_VERIFY) || Boolean(env.DOCKER_TLS);
  if (!url.startsWith('tcp://') || !wantsTls) return { url, origin, tls: null };
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  const files = await readTlsFiles(env.DOCKER_CERT_PATH ?? configDir, verify);
  return { url, origin, tls: files ?? { ca: null, cert: null, key: null, verify } };
}

const defaultSocket: EngineAddress = {
  url: 'unix:///var/run/docker.sock',
  origin: 'default',
  tls: null,
};

/** Docker's own socket is always a candidate; the others are where they exist. */
function usualSockets(env: NodeJS.ProcessEnv, home: string): EngineAddress[] {
  const runtimeDir = env.XDG_RUNTIME_DIR;
  const podman = env.CONTAINER_HOST?.replace(/^unix:\/\//, '');
  const paths = [
    ...(runtimeDir ? [join(runtimeDir, 'docker.sock')] : []),
    ...(podman ? [podman] : []),
    ...(runtimeDir ? [join(runtimeDir, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
  ];
  const found = paths.filter((path) => existsSync(path));
  const others = found.map((path) => ({ url: `unix://${path}`, origin: 'default', tls: null }));
  return [defaultSocket, ...others];
}
