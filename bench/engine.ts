import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export const engineSocket = '/var/run/docker.sock';

/** The names of all containers that a benchmark starts begin with it. */
export const benchPrefix = 'sandbox-bench-';

const idleMs = 150;
const pollMs = 10;
const patienceMs = 60_000;

let isThere: Promise<boolean> | null = null;

export async function hasEngine(): Promise<boolean> {
  isThere ??= engineGet('/_ping').then(
    () => true,
    () => false,
  );
  return await isThere;
}

export const noEngine = `no engine answers at ${engineSocket}`;

/** Resolves once the engine has removed every container of ours, and a moment later, when its helpers are gone as well. */
export async function settled(): Promise<void> {
  if (await hasEngine()) await untilRemoved();
  await pause(idleMs);
}

async function untilRemoved(): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ name: [`^/?${benchPrefix}`] }));
  const startMs = performance.now();
  for (;;) {
    const left = JSON.parse(
      await engineGet(`/containers/json?all=1&filters=${filters}`),
    ) as unknown[];
    if (left.length === 0) return;
    if (performance.now() - startMs > patienceMs) {
      throw new Error(
        `expected the engine to have removed all containers, ${left.length} are left`,
      );
    }
    await pause(pollMs);
  }
}

/** The body of the engine's answer to a GET request. */
export async function engineGet(path: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const call = request({ socketPath: engineSocket, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${path}: ${response.statusCode ?? '?'} ${text}`));
      });
    });
    call.on('error', reject);
    call.end();
  });
}
