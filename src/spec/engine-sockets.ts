import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { directoryVariable, homeDirectory, variable } from './variables.ts';

/** Where a user's own engines listen: rootless Docker and Podman, Docker Desktop, Colima, Rancher, OrbStack. */
export function userSockets(env: NodeJS.ProcessEnv): { rootless: string[]; desktop: string[] } {
  const runtimeDir = directoryVariable(env, 'XDG_RUNTIME_DIR');
  const home = homeDirectory(env);
  return {
    rootless: runtimeDir
      ? [join(runtimeDir, 'docker.sock'), join(runtimeDir, 'podman/podman.sock')]
      : [],
    desktop: [
      '.docker/run/docker.sock',
      '.docker/desktop/docker.sock',
      '.colima/default/docker.sock',
      '.rd/docker.sock',
      '.orbstack/run/docker.sock',
    ].map((path) => join(home, path)),
  };
}

/**
 * Every place where an engine may listen: whoever reaches such a socket owns the host, so no directory that
 * holds one is ever given to a task. Symlinks are resolved (/var/run is one), also of a socket that does not
 * exist yet, since an engine may start later. `asked` is the address of --host.
 */
export function engineSockets(env: NodeJS.ProcessEnv, asked: string | null): string[] {
  const { rootless, desktop } = userSockets(env);
  const hosts = [asked, variable(env, 'DOCKER_HOST'), variable(env, 'CONTAINER_HOST')];
  const named = hosts.flatMap(unixPath);
  const sockets = [
    '/var/run/docker.sock',
    '/run/docker.sock',
    '/run/containerd/containerd.sock',
    '/run/podman/podman.sock',
    '/run/crio/crio.sock',
    ...rootless,
    ...named,
  ].map(nearestRealPath);
  // A home directory is no engine's directory until an engine is there.
  return [...new Set([...sockets, ...desktop.flatMap(realPathIfThere)])];
}

function unixPath(address: string | null): string[] {
  return address?.startsWith('unix://') ? [address.slice('unix://'.length)] : [];
}

function nearestRealPath(path: string): string {
  const [found] = realPathIfThere(path);
  const parent = dirname(path);
  if (found !== undefined || parent === path) return found ?? path;
  return join(nearestRealPath(parent), basename(path));
}

function realPathIfThere(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}
