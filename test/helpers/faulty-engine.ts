import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Listening, listenOn } from './listening.ts';

/** What becomes of a call that is not passed on: it gets the bare connection. */
export type Fault = (connection: Duplex) => void;

export const freeze: Fault = () => undefined;
export const hangUp: Fault = (connection) => connection.destroy();

/** Half an answer. */
export const breakOff: Fault = (connection) => {
  const text =
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"Id":';
  connection.write(text, () => connection.destroy());
};

export function answer(text: string): Fault {
  return (connection) => connection.end(text);
}

export function respond(status: number, body: string, type = 'application/json'): Fault {
  const head = [
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return answer(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Decides for each call, such as `POST /v1.41/containers/create?name=x`; null passes it on. */
export type FaultOf = (call: string) => Fault | null;

const realEngine = '/var/run/docker.sock';

/** The real engine behind a socket of our own, each call late by `delayMs`, but for the calls that are faulty. */
export async function faultyEngine(
  path: string,
  faultOf: FaultOf = () => null,
  enginePath = realEngine,
  delayMs = 0,
): Promise<Listening> {
  const server = http.createServer((request, response) => {
    const fault = faultOf(callOf(request));
    if (fault) fault(request.socket);
    else setTimeout(() => passOn(request, response, { enginePath }), delayMs);
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const fault = faultOf(callOf(request));
    if (fault) fault(connection);
    else upgrade(request, connection, head, enginePath);
  });
  return await listenOn(server, { path });
}

export function callOf({ method, url }: IncomingMessage): string {
  return `${method ?? ''} ${url ?? ''}`;
}

/** May change the headers of an answer; true where it answers in its place. */
export type Rewrite = (answered: IncomingMessage, response: ServerResponse) => boolean;

interface PassingOn {
  readonly enginePath?: string;
  readonly rewrite?: Rewrite;
}

export function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  { enginePath = realEngine, rewrite = () => false }: PassingOn = {},
): void {
  const upstream = realCall(request, enginePath);
  upstream.on('response', (answered) => {
    if (rewrite(answered, response)) return;
    response.writeHead(answered.statusCode ?? 500, answered.headers);
    // The headers of a stream come long before its first byte.
    response.flushHeaders();
    answered.on('error', () => response.destroy());
    answered.pipe(response);
  });
  upstream.on('error', () => response.destroy());
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
}

export function upgrade(
  request: IncomingMessage,
  connection: Duplex,
  head: Buffer,
  enginePath = realEngine,
): void {
  const upstream = realCall(request, enginePath);
  upstream.on('upgrade', (answered, engine, first) => {
    const headers = Object.entries(answered.headers).map(
      ([name, value]) => `${name}: ${String(value)}`,
    );
    connection.write(['HTTP/1.1 101 UPGRADED', ...headers, '', ''].join('\r\n'));
    connection.write(first);
    engine.write(head);
    engine.on('error', () => connection.destroy());
    connection.on('error', () => engine.destroy());
    connection.on('close', () => engine.destroy());
    engine.pipe(connection);
    connection.pipe(engine);
  });
  upstream.on('error', () => connection.destroy());
  upstream.end();
}

export function realCall(
  { method, url, headers }: IncomingMessage,
  enginePath = realEngine,
): http.ClientRequest {
  return http.request({
    socketPath: enginePath,
    agent: false,
    method,
    path: url,
    headers,
  });
}
