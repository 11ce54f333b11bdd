import http, { type IncomingMessage } from 'node:http';
import { type Duplex, type Readable, addAbortSignal } from 'node:stream';
import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import { DirectSocket } from '../direct-socket.ts';
import { type Owner, currentOwner } from '../owner.ts';
import { abortOf, jsonOf, rejectWithBody } from './answers.ts';
import type { EngineAddress } from './context.ts';
import {
  type EngineContainer,
  type EngineRequest,
  EngineCalls,
  queryText,
} from './engine-calls.ts';
import {
  connectionLost,
  httpStatusOf,
  isConnectionLost,
  isTimeout,
  unexpectedAnswer,
  unresponsive,
} from './engine-failure.ts';
import { deadlineSignal, startTimer, within } from '../timer.ts';
import { type Transport, https, transportOf } from './transport.ts';

/** How long one call may take. Creating and starting are slow on an engine that is busy with many tasks. */
export const callLimitsMs = { quick: 10_000, removal: 30_000, slow: 120_000 } as const;

/** A call that takes longer is waited for only while the engine answers something else. */
const pingAfterMs = 1_000;
/** How much longer to wait for an engine that was found frozen: it gets one chance to tidy up. */
const secondPatienceMs = 2_000;

/** What the engine says of a path; the mode is Go's os.FileMode. */
interface PathStat {
  readonly mode: number;
  readonly linkTarget: string;
}

/** Else Node looks whether the host's name is an address, and to compile that expression takes 4 ms. */
const nameless = { servername: '' };

/** One engine's API: its calls, a limit for each, and the streams that last as long as a task. */
export class DockerApi {
  readonly address: EngineAddress;
  readonly docker = new EngineCalls((request) => this.#ask(request));
  readonly #transport: Transport;
  #version = '';
  #patienceMs: number = callLimitsMs.quick;

  constructor(address: EngineAddress) {
    this.address = address;
    this.#transport = transportOf(address);
  }

  /** From here on every call asks for this version, so that a newer engine behaves as the one we know. */
  useVersion(version: string): void {
    this.#version = `v${version}`;
  }

  /** Whether the engine finds this host's files under the paths that we know. */
  sharesFiles(): boolean {
    return process.platform === 'linux' && this.#transport.socketPath !== undefined;
  }

  /** Who judges whether an owner is dead: nobody where the engine may be another machine's. */
  observer(): Owner | null {
    return this.#transport.socketPath === undefined ? null : currentOwner();
  }

  /** Makes a call that may take `limitMs`; what the engine answers is translated where it is about the engine. */
  async call<T>(
    limitMs: number,
    request: (abortSignal: AbortSignal) => Promise<T>,
    cancel?: AbortSignal,
  ): Promise<T> {
    const limit = deadlineSignal(limitMs);
    const signal = cancel ? AbortSignal.any([limit.signal, cancel]) : limit.signal;
    try {
      // Also where the engine's connection does not end when it is told to.
      const answer = Promise.race([request(signal), abortOf(signal)]);
      const isTrusted = this.#patienceMs === callLimitsMs.quick;
      if (limitMs <= callLimitsMs.quick && isTrusted) return await answer;
      return await this.#whileAlive(answer);
    } catch (error) {
      if (limit.signal.aborted) throw this.#late(limitMs);
      cancel?.throwIfAborted();
      throw this.#failure(error);
    } finally {
      limit.clear();
    }
  }

  /** Creating and starting may take minutes on a busy engine; a frozen one is told by a call that never does. */
  async #whileAlive<T>(answer: Promise<T>): Promise<T> {
    const settled = answer.then(
      () => true,
      () => true,
    );
    while (!(await within(pingAfterMs, settled, false))) {
      await Promise.race([settled, this.#ping()]);
    }
    return await answer;
  }

  async #ping(): Promise<void> {
    const request = this.#request({ method: 'GET', path: '/_ping' });
    try {
      (await this.#response(request, this.#patienceMs)).resume();
    } catch (error) {
      // A refusal is an answer, too.
      if (httpStatusOf(error) === null) throw error;
    }
  }

  /** The newest version of the API that the engine speaks, by the quickest call; null where it does not say. */
  async spokenVersion(cancel: AbortSignal): Promise<string | null> {
    const response = await this.stream('GET', '/_ping', cancel);
    response.resume();
    const version = response.headers['api-version'];
    return typeof version === 'string' && /^\d+\.\d+$/.test(version) ? version : null;
  }

  /** The JSON answer of a call that takes nothing. */
  async get(path: string, cancel?: AbortSignal): Promise<unknown> {
    const ask = (abortSignal: AbortSignal) => this.#ask({ method: 'GET', path, abortSignal });
    return await this.call(callLimitsMs.quick, ask, cancel);
  }

  async createContainer(options: Docker.ContainerCreateOptions): Promise<EngineContainer> {
    return await this.call(callLimitsMs.slow, (abortSignal) =>
      this.docker.createContainer(options, { abortSignal }),
    );
  }

  async inspectContainer(container: EngineContainer): Promise<Docker.ContainerInspectInfo> {
    return await this.call(callLimitsMs.quick, (abortSignal) => container.inspect({ abortSignal }));
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
    return await this.#response(request, callLimitsMs.quick);
  }

  /**
   * Sends a body as it comes and gives the response as soon as its headers are there, however long that takes; the
   * rest of the body goes on. A body that breaks breaks the connection: ended in order, it would pass for a whole one.
   */
  async send(path: string, body: Readable, signal: AbortSignal): Promise<IncomingMessage> {
    if (body.destroyed) throw body.errored ?? new Error('what was to be sent is closed');
    const headers = { 'Content-Type': 'application/x-tar' };
    const request = this.#request({ method: 'POST', path, headers, signal });
    body.on('error', () => request.destroy());
    body.pipe(request);
    try {
      return await this.#longAnswer(request, signal);
    } catch (error) {
      body.unpipe(request);
      throw body.errored ?? error;
    }
  }

  /** Asks for something that takes long, with headers of the caller's, such as a login. */
  async post(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const request = this.#request({ method: 'POST', path, headers, signal });
    request.end();
    return await this.#longAnswer(request, signal);
  }

  lost(cause: unknown): SandboxFailure {
    return connectionLost(this.address, cause);
  }

  /** Turns a connection into a raw stream in both directions. */
  async upgrade(path: string, asked?: object): Promise<Duplex> {
    const body = asked === undefined ? '' : JSON.stringify(asked);
    const content = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', ...content };
    const request = this.#request({ method: 'POST', path, headers, ...this.#direct() });
    if (body !== '') request.write(body);
    return await this.#answer<Duplex>(request, callLimitsMs.quick, (resolve, reject) => {
      request.on('response', (response) => void rejectWithBody(response, reject));
      request.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
    });
  }

  /** Where a plain local connection carries it, a task's output comes without garbage. */
  #direct(): Pick<http.RequestOptions, 'createConnection'> {
    const { socketPath } = this.#transport;
    if (socketPath === undefined) return {};
    return { createConnection: () => new DirectSocket().connect(socketPath) };
  }

  async #response(request: http.ClientRequest, limitMs: number): Promise<IncomingMessage> {
    return await this.#answer<IncomingMessage>(request, limitMs, (resolve, reject) => {
      request.on('response', (response) => {
        if (response.statusCode === 200) resolve(response);
        else void rejectWithBody(response, reject);
      });
    });
  }

  /** The caller's limit is the only one, and it holds for the whole of the answer. */
  async #longAnswer(request: http.ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        request.on('error', reject);
        request.on('response', (response) => {
          // Node's own handling ends with the headers.
          addAbortSignal(signal, response);
          if (response.statusCode === 200) resolve(response);
          else void rejectWithBody(response, reject);
        });
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(error);
    }
  }

  /** The limit is on the answer only: what follows it lasts as long as the task. */
  async #answer<T>(
    request: http.ClientRequest,
    limitMs: number,
    listen: (resolve: (answer: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    const cancelLimit = startTimer(limitMs, () => request.destroy(this.#late(limitMs)));
    try {
      return await new Promise<T>((resolve, reject) => {
        request.on('error', reject);
        listen(resolve, reject);
        request.end();
      });
    } catch (error) {
      throw this.#failure(error);
    } finally {
      cancelLimit();
    }
  }

  /** On a connection that the next call can use again; its limit is the caller's. */
  async #ask({ body, query = {}, ...asked }: EngineRequest): Promise<unknown> {
    const { method, abortSignal: signal } = asked;
    const path = `${asked.path}${queryText(query)}`;
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const agent = this.#transport.agent ?? http.globalAgent;
    const request = this.#request({ method, path, headers, signal, agent });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', resolve);
    });
    request.end(body === undefined ? '' : JSON.stringify(body));
    return await jsonOf(await answered);
  }

  #request(options: http.RequestOptions & { path: string }): http.ClientRequest {
    const { protocol, agent, ...transport } = this.#transport;
    const path = this.#version === '' ? options.path : `/${this.#version}${options.path}`;
    // A stream lasts as long as its task, so it has a connection of its own.
    // An agent would make the connection itself.
    const made = options.createConnection ? undefined : (agent ?? false);
    const own = { ...transport, ...options, path, agent: made };
    return protocol === 'https' ? https().request(own) : http.request({ ...own, ...nameless });
  }

  #late(limitMs: number): SandboxFailure {
    this.#patienceMs = secondPatienceMs;
    return unresponsive(`the engine at ${this.address.url}`, limitMs);
  }

  /** Says which engine it was; the engine's own answer stays the cause, for callers that expect one. */
  #failure(error: unknown): SandboxFailure {
    if (error instanceof SandboxFailure) return error;
    if (isTimeout(error)) return this.#late(callLimitsMs.quick);
    if (isConnectionLost(error)) return connectionLost(this.address, error);
    return unexpectedAnswer(this.address, error);
  }
}
