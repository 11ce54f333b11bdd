import type http from 'node:http';
import { SandboxFailure } from '../../failure.ts';
import type { EngineAddress } from './context.ts';
import { SshAgent } from './ssh-agent.ts';

/** How Node's HTTP client reaches an engine. */
export interface Transport {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
  readonly protocol: 'http' | 'https';
  readonly agent?: http.Agent;
}

export function transportOf(address: EngineAddress): Transport {
  const { url } = address;
  const path = /^(?:unix|npipe):\/\/(.+)$/.exec(url)?.[1];
  if (path) return { socketPath: path, protocol: 'http' };
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed?.hostname) throw unusableAddress(address);
  if (parsed.protocol === 'ssh:') {
    // The other side gives it to a shell.
    if (!/^[\w./-]*$/.test(parsed.pathname)) throw unusableAddress(address);
    return { host: 'docker', port: 80, protocol: 'http', agent: new SshAgent(parsed) };
  }
  if (!['tcp:', 'http:', 'https:'].includes(parsed.protocol)) throw unusableAddress(address);
  return tcpTransport(parsed, address.tls);
}

function tcpTransport(url: URL, tls: EngineAddress['tls']): Transport {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (tls === null && url.protocol !== 'https:') {
    return { host, port: Number(url.port || 2375), protocol: 'http' };
  }
  const files = Object.fromEntries(
    Object.entries({ ca: tls?.ca, cert: tls?.cert, key: tls?.key }).filter(([, pem]) => pem),
  );
  const agent = new (https().Agent)({ ...files, rejectUnauthorized: tls?.verify ?? true });
  return { host, port: Number(url.port || 2376), protocol: 'https', agent };
}

function unusableAddress({ url, origin }: EngineAddress): SandboxFailure {
  const forms = 'unix:///run/docker.sock, tcp://HOST:2376 or ssh://HOST';
  return new SandboxFailure(
    'engine-error',
    `${origin}: expected an address such as ${forms}, got "${url}"`,
  );
}

/** Loaded only where it is needed: most engines are behind a socket, and it brings all of TLS with it. */
export function https() {
  return process.getBuiltinModule('node:https');
}
