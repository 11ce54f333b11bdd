import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import type { EngineAddress } from './context.ts';
import { engineMessageOf, isConnectionLost, isTimeout, unresponsive } from './engine-failure.ts';
import { startTimer } from '../timer.ts';
import { type Transport, transportOf } from './transport.ts';

/** How long one call may take. Creating and starting are slow on an engine that is busy with many tasks. */
export const callLimitsMs = { quick: 10_000, removal: 30_000, slow: 120_000 } as const;

/** What the engine says of a path; the mode is Go's os.FileMode. */
interface PathStat {
  readonly mode: number;
  readonly linkTarget: string;
}

/** One engine's API: dockerode for its calls, plus a limit for each and the two that it cannot do. */
export class DockerApi {
  readonly address: EngineAddress;
  readonly docker: Docker;
  readonly #transport: Transport;
  #version = '';

  constructor(address: EngineAddress) {
    this.address = address;
    this.#transport = transportOf(address);
    this.docker = new Docker(modemOptions(this.#transport));
  }

  /** From here on every call asks for this version, so that a newer engine behaves as the one we know. */
  useVersion(version: string): void {
    this.#version = `v${version}`;
    (this.docker.modem as { version?: string }).version = this.#version;
  }

  /** Makes a call that may take `limitMs`; what the engine answers is translated where it is about the engine. */
  async call<T>(
    limitMs: number,
    request: (abortSignal: AbortSignal) => Promise<T>,
    cancel?: AbortSignal,
  ): Promise<T> {
    const limit = AbortSignal.timeout(limitMs);
    const signal = cancel ? AbortSignal.any([limit, cancel]) : limit;
    try {
      return await request(signal);
    } catch (error) {
      if (limit.aborted || isTimeout(error)) {
        throw unresponsive(`the engine at ${this.address.url}`, limitMs);
      }
      cancel?.throwIfAborted();
      if (isConnectionLost(error)) throw this.#lost(error);
      throw error;
    }
  }

  /** The JSON answer of a call that takes nothing. */
  async get(path: string, cancel?: AbortSignal): Promise<unknown> {
    const read = async (signal: AbortSignal): Promise<unknown> =>
      JSON.parse(await textOf(await this.stream('GET', path, signal)));
    return await this.call(callLimitsMs.quick, read, cancel);
  }

  /** dockerode would put the whole body into the query as well, where a long command does not fit. */
  async createContainer({ name, ...body }: Docker.ContainerCreateOptions): Promise<{ id: string }> {
    return await this.call(callLimitsMs.slow, (abortSignal) => {
      const options = { _query: { name }, _body: body, abortSignal };
      return this.docker.createContainer(options);
    });
  }

  /** What is at a path in a container, running or not; HTTP status 404 when there is nothing. */
  async pathStat(containerId: string, path: string): Promise<PathStat> {
    const query = new URLSearchParams({ path });
    const response = await this.stream(
      'HEAD',
      `/containers/${containerId}/archive?${query.toString()}`,
    );
    response.resume();
    const header = String(response.headers['x-docker-container-path-stat'] ?? '');
    return JSON.parse(Buffer.from(header, 'base64').toString()) as PathStat;
  }

  /** A tar stream of what is at a path. */
  async archive(containerId: string, path: string): Promise<IncomingMessage> {
    const query = new URLSearchParams({ path });
    return await this.stream('GET', `/containers/${containerId}/archive?${query.toString()}`);
  }

  /** Sends a request and gives its response as soon as the headers are there. */
  async stream(method: string, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const request = this.#request({ method, path, ...(signal ? { signal } : {}) });
    return await this.#answer<IncomingMessage>(request, (resolve, reject) => {
      request.on('response', (response) => {
        if (response.statusCode === 200) resolve(response);
        else void rejectWithBody(response, reject);
      });
    });
  }

  /** Turns a connection into a raw stream in both directions. */
  async upgrade(path: string): Promise<Duplex> {
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': '0' };
    const request = this.#request({ method: 'POST', path, headers });
    return await this.#answer<Duplex>(request, (resolve, reject) => {
      request.on('response', (response) => void rejectWithBody(response, reject));
      request.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
    });
  }

  /** The limit is on the answer only: what follows it lasts as long as the task. */
  async #answer<T>(
    request: http.ClientRequest,
    listen: (resolve: (answer: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    const cancelLimit = startTimer(callLimitsMs.quick, () => request.destroy(this.#late()));
    try {
      return await new Promise<T>((resolve, reject) => {
        request.on('error', reject);
        listen(resolve, reject);
        request.end();
      });
    } finally {
      cancelLimit();
    }
  }

  #request(options: http.RequestOptions & { path: string }): http.ClientRequest {
    const { protocol, agent, ...transport } = this.#transport;
    const path = this.#version === '' ? options.path : `/${this.#version}${options.path}`;
    // A stream lasts as long as its task, so it has a connection of its own.
    const own = { ...transport, ...options, path, agent: agent ?? false };
    return protocol === 'https' ? https.request(own) : http.request(own);
  }

  #late(): SandboxFailure {
    return unresponsive(`the engine at ${this.address.url}`, callLimitsMs.quick);
  }

  #lost(cause: unknown): SandboxFailure {
    return new SandboxFailure(
      'engine-lost',
      `the connection to the engine at ${this.address.url} broke: ${engineMessageOf(cause)}`,
      { hint: 'Check that it still runs: docker version', cause },
    );
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function rejectWithBody(response: IncomingMessage, reject: (error: Error) => void) {
  const text = await textOf(response);
  reject(Object.assign(new Error(messageIn(text)), { statusCode: response.statusCode }));
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

/** Every field is given, since the client library fills what is missing from DOCKER_HOST by itself. */
function modemOptions({
  socketPath,
  host,
  port,
  protocol,
  agent,
}: Transport): Docker.DockerOptions {
  const unset = { ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  return { socketPath, host, port, protocol, agent, ...unset } as Docker.DockerOptions;
}
