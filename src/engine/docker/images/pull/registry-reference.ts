/** The name under which the Docker config keeps the login of Docker Hub. */
export const hubKey = 'https://index.docker.io/v1/';

/** Without a tag the engine would pull every tag of the repository. */
export function splitReference(reference: string): { fromImage: string; tag: string | null } {
  if (reference.includes('@')) return { fromImage: reference, tag: null };
  const colon = reference.lastIndexOf(':');
  if (colon <= reference.lastIndexOf('/')) return { fromImage: reference, tag: 'latest' };
  return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** The digest that a reference is pinned to; null where it is not. */
export function pinOf(reference: string): string | null {
  const at = reference.indexOf('@');
  return at === -1 ? null : reference.slice(at + 1);
}

/** True for an image's own id, which no registry knows. */
export function isImageId(reference: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(reference);
}

/**
 * The registry of a reference as the Docker config names it. The first part is a host only where it could be no
 * other thing, as in Docker's own reading.
 */
export function registryOf(reference: string): string {
  const slash = reference.indexOf('/');
  const first = slash === -1 ? '' : reference.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (!isHost || first === 'docker.io' || first === 'index.docker.io') return hubKey;
  return first;
}

/** Where it is pulled from, for people. */
export function registryNameOf(reference: string): string {
  const registry = registryOf(reference);
  return registry === hubKey ? 'Docker Hub' : registry;
}

export function loginCommand(reference: string): string {
  const name = registryNameOf(reference);
  return name === 'Docker Hub' ? 'docker login' : `docker login ${name}`;
}

/** The one of an image's digests that belongs to what was asked for. */
export function digestFor(reference: string, ofImage: readonly string[] | null): string | null {
  // One that was never pulled or pushed has none.
  const digests = ofImage ?? [];
  const pin = pinOf(reference);
  if (pin !== null) return digests.find((digest) => digest.endsWith(`@${pin}`)) ?? null;
  const repository = familiarName(splitReference(reference).fromImage);
  return digests.find((digest) => digest.startsWith(`${repository}@`)) ?? digests[0] ?? null;
}

/** As engines write it in their lists. */
function familiarName(repository: string): string {
  return repository.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
}
