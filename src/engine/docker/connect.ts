import { stat } from 'node:fs/promises';
import * as v from 'valibot';
import { SandboxFailure } from '../../failure.ts';
import {
  type ConnectOptions,
  type EngineDriver,
  type EngineFacts,
  engineMissingHint,
} from '../engine.ts';
import { engineAddresses } from './address.ts';
import { negotiate } from './api-version.ts';
import type { EngineAddress } from './context.ts';
import { DockerApi } from './docker-api.ts';
import { DockerEngine } from './docker-engine.ts';
import { dockerCommands } from './docker-run-line.ts';
import { lookEarly } from './early-look.ts';
import { connectFailure, isAbsent } from './engine-failure.ts';
import { type EngineInfo, engineInfo } from './engine-info.ts';
import { productOf } from './product.ts';
import { taskUser } from './user.ts';

const versionSchema = v.object({
  Version: v.string(),
  ApiVersion: v.string(),
  MinAPIVersion: v.optional(v.string(), '1.12'),
  Components: v.optional(v.nullable(v.array(v.object({ Name: v.string() })))),
});

export const dockerDriver: EngineDriver = {
  connect,
  equivalentCommands: (spec) => dockerCommands(spec, taskUser(spec, false)),
};

/** The first engine that answers. One that is there and refuses is an error, never passed over in silence. */
async function connect(options: ConnectOptions): Promise<DockerEngine> {
  const addresses = await engineAddresses(options);
  for (const address of addresses) {
    const engine = await tryAddress(address, options);
    if (engine) return engine;
  }
  throw engineNotFound(addresses);
}

async function tryAddress(
  address: EngineAddress,
  { cancel, upcoming, keepsLeftovers = false }: ConnectOptions,
): Promise<DockerEngine | null> {
  try {
    const api = new DockerApi(address);
    const early = lookEarly(api, upcoming, cancel);
    // Where the engine cannot be used at all nobody asks what became of it.
    early.catch(() => undefined);
    const [version, info] = await Promise.all([
      api.get('/version', cancel),
      api.get('/info', cancel),
    ]);
    const about = engineInfo(info);
    const facts = engineFacts(address, { version, about });
    api.useVersion(facts.apiVersion);
    return new DockerEngine(api, { facts, info: about, early, keepsLeftovers });
  } catch (error) {
    cancel.throwIfAborted();
    const cause = (error instanceof SandboxFailure ? error.cause : null) ?? error;
    if (!isAbsent(cause)) throw connectFailure(cause, address);
    await refuseOtherThanSocket(address);
    return null;
  }
}

/** A file or a directory refuses connections just as a socket does that nobody listens at. */
async function refuseOtherThanSocket({ url, origin }: EngineAddress): Promise<void> {
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : null;
  const found = path === null ? null : await stat(path).catch(() => null);
  if (found === null || found.isSocket()) return;
  const kind = found.isDirectory() ? 'a directory' : 'a file';
  throw new SandboxFailure('engine-error', `${origin}: expected a socket, found ${kind}: ${url}`, {
    hint: 'Remove it and start the engine again, or name the engine with --host or DOCKER_HOST.',
  });
}

function engineFacts(address: EngineAddress, said: { version: unknown; about: EngineInfo }) {
  const version = v.parse(versionSchema, said.version);
  return {
    name: 'docker',
    product: productOf(version.Components?.[0]?.Name),
    version: version.Version,
    apiVersion: negotiate(address, version),
    address: address.url,
    runtime: said.about.defaultRuntime,
    rootless: said.about.rootless,
    cgroupVersion: said.about.cgroupVersion,
  } as const satisfies EngineFacts;
}

function engineNotFound(addresses: readonly EngineAddress[]): SandboxFailure {
  const tried = addresses.map(({ url, origin }) =>
    origin === 'default' ? url : `${url} (from ${origin})`,
  );
  return new SandboxFailure(
    'engine-not-found',
    `no Docker engine found (nothing answers at ${tried.join(', ')})`,
    { hint: missingHint(addresses) },
  );
}

/** Whoever names one address means that one. */
function missingHint(addresses: readonly EngineAddress[]): string {
  const [named] = addresses;
  if (!named || addresses.length > 1 || named.origin === 'default') return engineMissingHint;
  return `Check ${named.origin}, and that the engine runs. Leave it out for the usual places.`;
}
