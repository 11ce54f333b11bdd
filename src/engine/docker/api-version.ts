import type { EngineAddress } from './context.ts';
import { apiVersionRefused } from './engine-failure.ts';

/** The span of API versions that this code was written for: Engine 20.10 to 28. */
const oldestApi = '1.41';
const newestApi = '1.51';

interface SpokenVersions {
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
}

/** The newest version that both sides know. */
export function negotiate({ url }: EngineAddress, spoken: SpokenVersions): string {
  const { ApiVersion, MinAPIVersion } = spoken;
  const version = newestCommon(ApiVersion);
  if (isOlder(version, oldestApi) || isOlder(version, MinAPIVersion)) {
    const spans = `it speaks ${MinAPIVersion} to ${ApiVersion}, sandbox ${oldestApi} to ${newestApi}`;
    throw apiVersionRefused(`the engine at ${url}`, spans);
  }
  return version;
}

/** Not necessarily one that the engine still takes. */
export function newestCommon(apiVersion: string): string {
  return isOlder(apiVersion, newestApi) ? apiVersion : newestApi;
}

export function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA < majorB || (majorA === majorB && minorA < minorB);
}
