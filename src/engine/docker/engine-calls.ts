import type Docker from 'dockerode';

/** One call of the engine's API. */
export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly abortSignal: AbortSignal;
}

/** Makes a call and answers the JSON that the engine says; null where it says nothing. */
export type Ask = (request: EngineRequest) => Promise<unknown>;

/** As it stands in an address: a flag is 1 or left out, and filters are JSON. */
type Query = Readonly<Record<string, string | number | boolean | object | undefined>>;
type Filters = Readonly<Record<string, readonly string[]>>;

interface Call {
  readonly abortSignal: AbortSignal;
}
interface Listing extends Call {
  readonly all?: boolean;
  readonly filters?: Filters;
}

/** The calls that tasks, images and networks need, under the names of dockerode, which declares their types. */
export class EngineCalls {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  getContainer(id: string): EngineContainer {
    return new EngineContainer(id, this.#ask);
  }

  getImage(reference: string): EngineImage {
    return new EngineImage(reference, this.#ask);
  }

  async createContainer(
    { name, ...body }: Docker.ContainerCreateOptions,
    call: Call,
  ): Promise<EngineContainer> {
    const request = { method: 'POST', path: '/containers/create', query: { name }, body } as const;
    const { Id } = (await this.#ask({ ...request, ...call })) as { readonly Id?: unknown };
    if (typeof Id !== 'string' || Id === '') throw new Error('expected the id of a container');
    return this.getContainer(Id);
  }

  async listContainers(listing: Listing): Promise<Docker.ContainerInfo[]> {
    return (await this.#list('/containers/json', listing)) as Docker.ContainerInfo[];
  }

  async listImages(listing: Listing): Promise<Docker.ImageInfo[]> {
    return (await this.#list('/images/json', listing)) as Docker.ImageInfo[];
  }

  async listNetworks(listing: Listing): Promise<Docker.NetworkInspectInfo[]> {
    return (await this.#list('/networks', listing)) as Docker.NetworkInspectInfo[];
  }

  async createNetwork(wanted: Docker.NetworkCreateOptions & Call): Promise<void> {
    const { abortSignal, ...body } = wanted;
    await this.#ask({ method: 'POST', path: '/networks/create', body, abortSignal });
  }

  async removeNetwork(id: string, { abortSignal }: Call): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `/networks/${id}`, abortSignal });
  }

  async #list(path: string, { abortSignal, ...query }: Listing): Promise<unknown[]> {
    const listed = await this.#ask({ method: 'GET', path, query, abortSignal });
    if (!Array.isArray(listed)) throw new Error('expected a list, got something else');
    return listed as unknown[];
  }
}

/** A container by its id or name; nothing is known of it yet. */
export class EngineContainer {
  readonly id: string;
  readonly #ask: Ask;

  constructor(id: string, ask: Ask) {
    this.id = id;
    this.#ask = ask;
  }

  async inspect({ abortSignal }: Call): Promise<Docker.ContainerInspectInfo> {
    const path = `${this.#path}/json`;
    return (await this.#ask({ method: 'GET', path, abortSignal })) as Docker.ContainerInspectInfo;
  }

  async start({ abortSignal }: Call): Promise<void> {
    await this.#ask({ method: 'POST', path: `${this.#path}/start`, abortSignal });
  }

  async kill({ abortSignal, ...query }: Call & { readonly signal: string }): Promise<void> {
    await this.#ask({ method: 'POST', path: `${this.#path}/kill`, query, abortSignal });
  }

  async wait({ abortSignal, ...query }: Call & { readonly condition: string }): Promise<unknown> {
    return await this.#ask({ method: 'POST', path: `${this.#path}/wait`, query, abortSignal });
  }

  /** What will run in it; answers the id to start it by. */
  async exec({ abortSignal, ...body }: Docker.ExecCreateOptions & Call): Promise<{ id: string }> {
    const request = { method: 'POST', path: `${this.#path}/exec`, body, abortSignal } as const;
    const { Id } = (await this.#ask(request)) as { readonly Id?: unknown };
    if (typeof Id !== 'string' || Id === '') throw new Error('expected the id of an exec');
    return { id: Id };
  }

  async resize({ abortSignal, ...query }: Call & { readonly h: number; readonly w: number }) {
    await this.#ask({ method: 'POST', path: `${this.#path}/resize`, query, abortSignal });
  }

  /** `v`: its volumes as well. */
  async remove({ abortSignal, ...query }: Call & { readonly force: boolean; readonly v: boolean }) {
    await this.#ask({ method: 'DELETE', path: this.#path, query, abortSignal });
  }

  get #path(): string {
    return `/containers/${this.id}`;
  }
}

/** An image by its id or name; nothing is known of it yet. */
export class EngineImage {
  readonly #path: string;
  readonly #ask: Ask;

  constructor(reference: string, ask: Ask) {
    this.#path = `/images/${reference}`;
    this.#ask = ask;
  }

  async inspect({ abortSignal }: Call): Promise<Docker.ImageInspectInfo> {
    const path = `${this.#path}/json`;
    return (await this.#ask({ method: 'GET', path, abortSignal })) as Docker.ImageInspectInfo;
  }

  async tag({ abortSignal, ...query }: Call & { readonly repo: string; readonly tag: string }) {
    await this.#ask({ method: 'POST', path: `${this.#path}/tag`, query, abortSignal });
  }

  async remove({ abortSignal, ...query }: Call & { readonly noprune: boolean }): Promise<unknown> {
    return await this.#ask({ method: 'DELETE', path: this.#path, query, abortSignal });
  }
}

/** With its question mark, where there is anything to ask. */
export function queryText(query: Query): string {
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== false);
  if (asked.length === 0) return '';
  const texts = asked.map(([name, value]): [string, string] => [name, valueText(value)]);
  return `?${new URLSearchParams(texts).toString()}`;
}

function valueText(value: Query[string]): string {
  if (value === true) return '1';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
