import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where container engines listen: whoever reaches such a socket owns the host, so no directory that holds
 * one is ever given to a task. Symlinks are resolved (/var/run is one); sockets that do not exist are kept,
 * since an engine may start later.
 */
export function engineSockets(env: NodeJS.ProcessEnv): string[] {
  const runtimeDir = env.XDG_RUNTIME_DIR;
  const home = env.HOME ?? homedir();
  const sockets = [
    '/var/run/docker.sock',
    '/run/docker.sock',
    '/run/containerd/containerd.sock',
    '/run/podman/podman.sock',
    '/run/crio/crio.sock',
    ...[env.DOCKER_HOST, env.CONTAINER_HOST].flatMap(unixPath),
    ...(runtimeDir
      ? [join(runtimeDir, 'docker.sock'), join(runtimeDir, 'podman/podman.sock')]
      : []),
    ...[
      '.docker/run/docker.sock',
      '.docker/desktop/docker.sock',
      '.rd/docker.sock',
      '.colima/default/docker.sock',
    ]
      .map((path) => join(home, path))
      .filter(existsSync),
  ];
  return [...new Set(sockets.map(realPathOrSelf))];
}

function unixPath(address: string | undefined): string[] {
  return address?.startsWith('unix://') ? [address.slice('unix://'.length)] : [];
}

function realPathOrSelf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
