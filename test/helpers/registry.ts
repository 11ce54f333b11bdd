import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { type Listening, listenOn } from './listening.ts';

/** What a login has to be; `bearer` wants it exchanged for a token first. */
export interface RegistryLogin {
  readonly scheme: 'basic' | 'bearer';
  readonly username: string;
  readonly password: string;
}

/** Answers in place of the registry, or not: a call such as `GET /v2/app/manifests/1`. */
export type Intervention = (call: string, response: ServerResponse) => boolean;

interface Stored {
  readonly type: string;
  readonly bytes: Buffer;
}

interface ImageContent {
  readonly architecture?: string;
  /** A tar archive; a random file of this size where it is a number. */
  readonly layer?: Buffer | number;
}

interface HeldLayer {
  /** Resolves once the engine waits for the second half. */
  readonly asked: Promise<void>;
  /** Gives it to whoever still wants it; nothing where nobody has asked for the first one. */
  readonly finish: () => Promise<unknown>;
}

const types = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  list: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

const token = 'token-of-the-test';

/** A registry that an engine on this machine can pull from. Gone when the test is. */
export class Registry {
  /** Every call that came, with its kind of authorization. */
  readonly calls: string[] = [];
  intervene: Intervention = () => false;
  readonly #login: RegistryLogin | null;
  readonly #stored = new Map<string, Stored>();
  #listening: Listening | null = null;
  #hold: ((response: ServerResponse, bytes: Buffer) => void) | null = null;

  private constructor(login: RegistryLogin | null) {
    this.#login = login;
  }

  static async start(login: RegistryLogin | null = null): Promise<Registry> {
    const registry = new Registry(login);
    const server = http.createServer((request, response) => registry.#answer(request, response));
    // The engine tries TLS first.
    server.on('clientError', (_error, socket) => socket.destroy());
    registry.#listening = await listenOn(server);
    onTestFinished(async () => registry.#listening?.close());
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${this.#listening?.port ?? 0}`;
  }

  /** From here on it gives the first half of a layer only. */
  holdLayer(): HeldLayer {
    let finish: HeldLayer['finish'] = () => Promise.resolve();
    const asked = new Promise<void>((resolve) => {
      this.#hold = (response, bytes) => {
        const half = bytes.length / 2;
        const closed = once(response, 'close');
        finish = async () => {
          response.end(bytes.subarray(half));
          await closed;
        };
        response.write(bytes.subarray(0, half), () => resolve());
      };
    });
    return { asked, finish: async () => await finish() };
  }

  /** Answers the digest of the manifest. */
  async add(repository: string, tag: string, content: ImageContent = {}): Promise<string> {
    const { architecture = 'amd64', layer = 32 } = content;
    const tar = typeof layer === 'number' ? await tarOf(layer) : layer;
    const diffIds = [digestOf(tar)];
    const config = {
      os: 'linux',
      architecture,
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: this.#store(repository, types.config, Buffer.from(JSON.stringify(config))),
      layers: [this.#store(repository, types.layer, gzipSync(tar))],
    };
    return this.#tag(repository, tag, { type: types.manifest, json: manifest });
  }

  /** A tag that stands for several, by their architecture. */
  addList(repository: string, tag: string, digests: Readonly<Record<string, string>>): string {
    const manifests = Object.entries(digests).map(([architecture, digest]) => ({
      mediaType: types.manifest,
      size: this.#stored.get(`${repository}/manifests/${digest}`)?.bytes.length,
      digest,
      platform: { os: 'linux', architecture },
    }));
    const json = { schemaVersion: 2, mediaType: types.list, manifests };
    return this.#tag(repository, tag, { type: types.list, json });
  }

  #tag(repository: string, tag: string, { type, json }: { type: string; json: object }): string {
    const bytes = Buffer.from(JSON.stringify(json));
    const digest = digestOf(bytes);
    this.#stored.set(`${repository}/manifests/${tag}`, { type, bytes });
    this.#stored.set(`${repository}/manifests/${digest}`, { type, bytes });
    return digest;
  }

  #store(repository: string, mediaType: string, bytes: Buffer) {
    const digest = digestOf(bytes);
    this.#stored.set(`${repository}/blobs/${digest}`, { type: 'application/octet-stream', bytes });
    return { mediaType, size: bytes.length, digest };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    const call = `${method} ${url}`;
    this.calls.push(`${call} ${headers.authorization?.split(' ')[0] ?? 'anonymous'}`);
    if (this.intervene(call, response)) return;
    if (url.startsWith('/token')) this.#giveToken(headers.authorization, response);
    else if (!this.#isAllowed(headers.authorization)) this.#challenge(response);
    else if (url === '/v2/') response.end('{}');
    else this.#give(method, url.slice('/v2/'.length), response);
  }

  #give(method: string, path: string, response: ServerResponse): void {
    const found = this.#stored.get(path);
    if (!found) {
      refuse(response, 404, 'MANIFEST_UNKNOWN');
      return;
    }
    response.setHeader('Content-Type', found.type);
    response.setHeader('Content-Length', found.bytes.length);
    response.setHeader('Docker-Content-Digest', digestOf(found.bytes));
    if (this.#hold && isLayer(found)) this.#hold(response, found.bytes);
    else response.end(method === 'HEAD' ? undefined : found.bytes);
  }

  #isAllowed(authorization = ''): boolean {
    if (this.#login === null) return true;
    if (this.#login.scheme === 'bearer') return authorization === `Bearer ${token}`;
    return authorization === this.#basic();
  }

  #basic(): string {
    const { username = '', password = '' } = this.#login ?? {};
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  #giveToken(authorization: string | undefined, response: ServerResponse): void {
    if (authorization === this.#basic()) response.end(JSON.stringify({ token }));
    else refuse(response, 401, 'UNAUTHORIZED');
  }

  #challenge(response: ServerResponse): void {
    const challenge =
      this.#login?.scheme === 'bearer'
        ? `Bearer realm="http://${this.host}/token",service="test"`
        : 'Basic realm="test"';
    response.setHeader('WWW-Authenticate', challenge);
    refuse(response, 401, 'UNAUTHORIZED');
  }
}

/** As a registry words its refusals. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message = code,
): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ errors: [{ code, message: message.toLowerCase() }] }));
}

/** A config is JSON. */
function isLayer({ type, bytes }: Stored): boolean {
  return type === 'application/octet-stream' && bytes[0] !== '{'.charCodeAt(0);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Random, so that no image of an earlier test has the same layer and that nothing can be compressed. */
async function tarOf(bytes: number): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'content' }, randomBytes(bytes));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
