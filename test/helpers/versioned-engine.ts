import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Rewrite, passOn, upgrade } from './faulty-engine.ts';
import { type Listening, listenOn } from './listening.ts';

/** The versions that an engine pretends to speak. */
export interface Span {
  readonly oldest: string;
  readonly newest: string;
}

type Json = Record<string, unknown>;

/** What the real engine here speaks. */
const realVersion = '1.41';
/** What is not there any more where it is empty, from API 1.52 on. */
const omittedWhenEmpty = ['Cmd', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'User', 'Volumes'];

/**
 * The real engine behind a socket of our own that speaks other versions of the API: it refuses every call outside its
 * span as an engine does, answers in the shape of its newest version, and notes in `spoken` what it was asked in.
 */
export async function versionedEngine(
  path: string,
  span: Span,
  spoken: Set<string>,
): Promise<Listening> {
  const server = http.createServer((request, response) => {
    const refusal = admit(request, span, spoken);
    if (refusal === null) passOn(request, response, { rewrite: rewriteFor(request, span) });
    else respond(response, 400, { message: refusal });
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    if (admit(request, span, spoken) === null) upgrade(request, connection, head);
    else connection.destroy();
  });
  return await listenOn(server, { path });
}

/** The version is noted and replaced by the real one; gives why the call is refused, or null. */
function admit(request: IncomingMessage, { oldest, newest }: Span, spoken: Set<string>) {
  const [, version, rest = ''] = /^\/v(\d+\.\d+)(\/.*)$/.exec(request.url ?? '') ?? [];
  if (version === undefined) return null;
  spoken.add(version);
  request.url = `/v${realVersion}${rest}`;
  if (minor(version) < minor(oldest)) {
    return `client version ${version} is too old. Minimum supported API version is ${oldest}`;
  }
  if (minor(version) > minor(newest)) {
    return `client version ${version} is too new. Maximum supported API version is ${newest}`;
  }
  return null;
}

/** Says the newest version, and answers itself where the newer engine's answer differs. */
function rewriteFor(request: IncomingMessage, span: Span): Rewrite {
  return (answered, response) => {
    answered.headers['api-version'] = span.newest;
    const change = changeFor(request, span);
    if (!change || answered.statusCode !== 200) return false;
    void textOf(answered).then((text) => respond(response, 200, change(JSON.parse(text) as Json)));
    return true;
  };
}

/** How the newer engine's answer differs from the real one's. */
function changeFor({ method, url = '' }: IncomingMessage, { oldest, newest }: Span) {
  if (method !== 'GET') return null;
  if (/^(\/v[\d.]+)?\/version$/.test(url)) {
    return (answer: Json) => ({ ...answer, ApiVersion: newest, MinAPIVersion: oldest });
  }
  if (url.endsWith('/info') && minor(newest) >= 50) {
    return (answer: Json) => without(answer, ['BridgeNfIptables', 'BridgeNfIp6tables']);
  }
  if (/\/images\/.*\/json$/.test(url) && minor(newest) >= 45) {
    return (answer: Json) => newerImage(answer, minor(newest));
  }
  if (/\/containers\/[^/]+\/json$/.test(url) && minor(newest) >= 52) {
    const left = ['Bridge', 'Gateway', 'IPAddress', 'MacAddress', 'EndpointID', 'SandboxKey'];
    return (answer: Json) => ({
      ...answer,
      NetworkSettings: without(answer.NetworkSettings as Json, left),
    });
  }
  return null;
}

function newerImage(answer: Json, newest: number): Json {
  const image = without(answer, [
    'Container',
    'ContainerConfig',
    'VirtualSize',
    'Parent',
    'Created',
  ]);
  const config = answer.Config as Json;
  const isEmpty = (value: unknown) =>
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  const empty = omittedWhenEmpty.filter((key) => isEmpty(config[key] ?? null));
  return newest < 52 ? image : { ...image, Config: without(config, empty) };
}

function without(object: Json, names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function minor(version: string): number {
  return Number(version.split('.')[1]);
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function respond(response: ServerResponse, status: number, answer: Json): void {
  const text = JSON.stringify(answer);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, headers);
  response.end(text);
}
