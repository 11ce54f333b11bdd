import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { type Fault, type FaultOf, callOf, passOn, realCall, upgrade } from './faulty-engine.ts';
import { type Listening, listenOn } from './listening.ts';

/** What a container is asked to be. */
export type Asked = Docker.ContainerCreateOptions & { HostConfig: Docker.HostConfig };

export interface Lies {
  /** Changes what is asked for before the real engine sees it. */
  readonly twist: (asked: Asked) => void;
  /** True: it says that it did as it was asked. */
  readonly conceals?: boolean;
  /** Calls that never come to the real engine. */
  readonly faultOf?: FaultOf;
}

/** The real engine behind a socket of our own that makes other containers than it is asked for. */
export async function lyingEngine(path: string, lies: Lies): Promise<Listening> {
  const asked = new Map<string, Docker.HostConfig>();
  const faultOf = lies.faultOf ?? (() => null);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const call = callOf(request);
    const fault: Fault | null = faultOf(call);
    const inspected = /^GET \S*\/containers\/([^/]+)\/json/.exec(call)?.[1] ?? '';
    if (fault) fault(request.socket);
    else if (/^POST \S*\/containers\/create/.test(call)) {
      await create(request, response, { asked, lies });
    } else if (lies.conceals !== false && asked.has(inspected)) {
      await conceal(request, response, asked.get(inspected));
    } else passOn(request, response);
  };
  const server = http.createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    upgrade(request, connection, head);
  });
  return await listenOn(server, { path });
}

interface Memory {
  readonly asked: Map<string, Docker.HostConfig>;
  readonly lies: Lies;
}

async function create(
  request: IncomingMessage,
  response: ServerResponse,
  { asked, lies }: Memory,
): Promise<void> {
  const text = await textOf(request);
  const body = JSON.parse(text) as Asked;
  lies.twist(body);
  const answered = await forward(request, JSON.stringify(body));
  const { Id } = JSON.parse(answered.text) as { Id?: string };
  if (Id) asked.set(Id, (JSON.parse(text) as Asked).HostConfig);
  reply(response, answered.status, answered.text);
}

async function conceal(
  request: IncomingMessage,
  response: ServerResponse,
  asked: Docker.HostConfig | undefined,
): Promise<void> {
  const { status, text } = await forward(request, '');
  const told = JSON.parse(text) as { HostConfig?: object };
  reply(
    response,
    status,
    JSON.stringify({ ...told, HostConfig: { ...told.HostConfig, ...asked } }),
  );
}

async function forward(request: IncomingMessage, body: string) {
  request.headers['content-length'] = String(Buffer.byteLength(body));
  const upstream = realCall(request);
  const answered = await new Promise<IncomingMessage>((resolve, reject) => {
    upstream.on('response', resolve);
    upstream.on('error', reject);
    upstream.end(body);
  });
  return { status: answered.statusCode ?? 500, text: await textOf(answered) };
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
