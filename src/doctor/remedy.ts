import { engineMissingHint } from '../engine/engine.ts';
import type { SandboxFailure } from '../failure.ts';
import type { Platform } from './platform.ts';

/** What to do about a failure on this platform; null where nobody knows. */
export function remedyOf(failure: SandboxFailure, platform: Platform): string | null {
  const { code, hint } = failure;
  // An address that was named is to be mended before anything is installed.
  if (code === 'engine-not-found' && hint === engineMissingHint) {
    return `${engineRemedy(platform)} Or name another engine with --host or --context; without one: --engine simulation.`;
  }
  if (code === 'engine-permission-denied') return permissionRemedy(platform);
  if (code === 'engine-unresponsive') return frozenRemedy(platform);
  return hint;
}

export function frozenRemedy(platform: Platform): string {
  return `It may be overloaded or frozen: try \`docker version\`, then restart it (${serviceLine(platform, 'restart')}).`;
}

function engineRemedy(platform: Platform): string {
  const start = serviceLine(platform, 'start');
  const startIt = `Start it: ${start}.`;
  if (platform.hasEngineProgram) return startIt;
  switch (platform.distribution) {
    case 'debian':
      return `Install and start one: sudo apt-get install docker.io && ${start}.`;
    case 'fedora':
      return `Install and start one: sudo dnf install moby-engine && ${start}.`;
    case 'wsl':
      return `Start Docker Desktop on Windows with WSL integration for this distribution, or install one here: sudo apt-get install docker.io && ${start}.`;
    case 'macos':
      return 'Start Docker Desktop (open -a Docker), or install one: brew install colima docker && colima start.';
    case 'windows':
      return 'Start Docker Desktop.';
    case 'other':
      return 'Install and start Docker Engine (https://docs.docker.com/engine/install/) or Podman.';
  }
}

function serviceLine({ distribution, hasSystemd }: Platform, verb: 'start' | 'restart'): string {
  if (distribution === 'macos')
    return verb === 'start' ? 'open -a Docker' : 'docker desktop restart';
  if (distribution === 'windows') return `${verb} Docker Desktop`;
  return hasSystemd ? `sudo systemctl ${verb} docker` : `sudo service docker ${verb}`;
}

function permissionRemedy({ distribution }: Platform): string {
  if (distribution === 'macos' || distribution === 'windows') {
    return 'Allow the default socket in Docker Desktop (Settings, Advanced), or choose its context with --context.';
  }
  return 'Join the group that owns the socket (sudo usermod -aG docker "$USER", then log in again), or set up a rootless engine (dockerd-rootless-setuptool.sh install). Without an engine: --engine simulation.';
}
