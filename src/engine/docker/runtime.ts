import { posix } from 'node:path';
import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import type { IsolationLevel } from '../../spec/choices.ts';
import type { EngineInfo } from './engine-info.ts';

/** One runtime as the engine has it registered. */
export interface RuntimeInfo {
  /** The program that is called, where it is one. */
  readonly path: string | null;
  readonly args: readonly string[];
  /** The containerd shim that is called instead. */
  readonly type: string | null;
  /** The program that the shim calls, where it was told another. */
  readonly binary: string | null;
}

/** Refuses a runtime that the engine does not know, before anything is made. */
export function checkRuntime(runtime: string | null, { runtimes }: EngineInfo): void {
  if (runtime === null || Object.hasOwn(runtimes, runtime)) return;
  const known = Object.keys(runtimes);
  const names = known.length === 0 ? 'none by a name' : known.join(', ');
  throw new SandboxFailure('not-enforceable', `the engine has no runtime "${runtime}"`, {
    hint: `It has ${names}. Another one must be registered with the engine first ("runtimes" in its daemon.json).`,
  });
}

/** Refuses a container that was given another runtime than the one that was asked for, as Podman's API does. */
export function checkRuntimeInForce(
  runtime: string | null,
  { HostConfig }: Docker.ContainerInspectInfo,
): void {
  if (runtime === null || HostConfig.Runtime === runtime) return;
  throw new SandboxFailure(
    'not-enforceable',
    `the engine was asked for the runtime "${runtime}" and says that the task has "${HostConfig.Runtime ?? ''}"`,
    { hint: "Leave --runtime out and make it the engine's default, or use another engine." },
  );
}

/** The name of the runtime that a container really has; null where the engine does not tell. */
export function runtimeOf(
  { HostConfig }: Docker.ContainerInspectInfo,
  { runtimes, defaultRuntime }: EngineInfo,
): string | null {
  const name = HostConfig.Runtime ?? '';
  return Object.hasOwn(runtimes, name) ? name : defaultRuntime;
}

/** What a runtime puts between task and host, by what it is: under any name it is as strong as its program. */
export function levelOf(name: string | null, { runtimes }: EngineInfo): IsolationLevel {
  const runtime = name !== null && Object.hasOwn(runtimes, name) ? runtimes[name] : undefined;
  if (!runtime) return 'container';
  const programs = [runtime.path, runtime.binary, shimOf(runtime.type)]
    .filter((program) => program !== null)
    .map((program) => posix.basename(program));
  if (programs.some((program) => gvisorPrograms.test(program))) return 'gvisor';
  if (programs.some((program) => kataPrograms.test(program))) return 'vm';
  return 'container';
}

const gvisorPrograms = /^(runsc|containerd-shim-runsc-v\d+)$/;
const kataPrograms = /^(kata-runtime|containerd-shim-kata(-[a-z0-9-]+)?-v\d+)$/;

/** containerd makes the shim's program of its type: `io.containerd.runsc.v1` is containerd-shim-runsc-v1. */
function shimOf(type: string | null): string | null {
  if (type === null || type.startsWith('/')) return type;
  const [, name, version] = /^io\.containerd\.([^.]+)\.(v\d+)$/.exec(type) ?? [];
  return name === undefined ? null : `containerd-shim-${name}-${version}`;
}

/** gVisor and Kata run their own kernel, to which the engine's seccomp profile does not get unless they are told. */
export function passesSeccomp(name: string | null, info: EngineInfo): boolean {
  if (levelOf(name, info) === 'container') return true;
  const args = (name === null ? undefined : info.runtimes[name])?.args ?? [];
  return args.some((arg) => /^--?oci-seccomp(=true)?$/.test(arg));
}
