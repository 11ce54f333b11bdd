import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userSockets } from '../../spec/engine-sockets.ts';
import { homeDirectory, variable } from '../../spec/variables.ts';
import type { ConnectOptions } from '../engine.ts';
import { type EngineAddress, currentContext, readContext, readTlsFiles } from './context.ts';

/**
 * In order: --host, --context, DOCKER_HOST, DOCKER_CONTEXT, the Docker config's current context; where none of
 * them says anything, the usual sockets. What the caller named is the only candidate: it is
 * never passed over for another engine.
 */
export async function engineAddresses(options: ConnectOptions): Promise<EngineAddress[]> {
  const { env } = options;
  const configDir = variable(env, 'DOCKER_CONFIG') ?? join(homeDirectory(env), '.docker');
  if (options.host) return [await namedHost(options.host, '--host', { env, configDir })];
  if (options.context) return [await namedContext(options.context, '--context', configDir)];
  const host = variable(env, 'DOCKER_HOST');
  if (host) return [await namedHost(host, 'DOCKER_HOST', { env, configDir })];
  const context = variable(env, 'DOCKER_CONTEXT');
  if (context) return [await namedContext(context, 'DOCKER_CONTEXT', configDir)];
  const current = await currentContext(configDir);
  if (current) return [await namedContext(current, join(configDir, 'config.json'), configDir)];
  return usualAddresses(env);
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
  const url = withScheme(host, 'tcp');
  const wantsTls = Boolean(env.DOCKER_TLS_VERIFY) || Boolean(env.DOCKER_TLS);
  if (!url.startsWith('tcp://') || !wantsTls) return { url, origin, tls: null };
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  const files = await readTlsFiles(variable(env, 'DOCKER_CERT_PATH') ?? configDir, verify);
  return { url, origin, tls: files ?? { ca: null, cert: null, key: null, verify } };
}

const defaultSocket: EngineAddress = {
  url: 'unix:///var/run/docker.sock',
  origin: 'default',
  tls: null,
};

/** Docker's own socket is always a candidate, and so is what CONTAINER_HOST names; the others where they exist. */
function usualAddresses(env: NodeJS.ProcessEnv): EngineAddress[] {
  const { rootless, desktop } = userSockets(env);
  const [dockerSockets, podmanSockets] = [rootless.slice(0, 1), rootless.slice(1)];
  const podman = variable(env, 'CONTAINER_HOST');
  return [
    defaultSocket,
    ...existing(dockerSockets),
    ...(podman ? [{ url: withScheme(podman, 'unix'), origin: 'CONTAINER_HOST', tls: null }] : []),
    ...existing([...podmanSockets, '/run/podman/podman.sock', ...desktop]),
  ];
}

function existing(paths: readonly string[]): EngineAddress[] {
  const found = paths.filter((path) => existsSync(path));
  return found.map((path) => ({ url: `unix://${path}`, origin: 'default', tls: null }));
}

function withScheme(address: string, scheme: string): string {
  return /^[a-z]+:\/\//.test(address) ? address : `${scheme}://${address}`;
}
