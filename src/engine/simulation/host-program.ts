import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/**
 * Never by PATH: what lies in a directory of the caller's choosing, or in the workspace, must not be what stands
 * between a task and the host.
 */
export const programPlaces = ['/usr/bin', '/bin', '/usr/local/bin'];

/** The path of a program of the host's own; null where it has none. */
export function hostProgram(name: string): string | null {
  return programPlaces.map((place) => join(place, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
