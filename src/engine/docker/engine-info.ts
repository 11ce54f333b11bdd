import * as v from 'valibot';
import type { EngineCapacity } from '../engine.ts';
import type { RuntimeInfo } from './runtime.ts';

/** What the engine says of itself and of every container, beyond its version. */
export interface EngineInfo {
  readonly defaultRuntime: string | null;
  /** By their names. */
  readonly runtimes: Readonly<Record<string, RuntimeInfo>>;
  readonly rootless: boolean | null;
  readonly cgroupVersion: number | null;
  /** Whether a container that asks for nothing gets a seccomp profile. */
  readonly hasSeccomp: boolean;
  /** Whose rules a `--security-opt` may change, e.g. `apparmor` and `selinux`. */
  readonly securityModules: readonly string[];
  /** Whether the rules that keep tasks on one bridge apart are in force; null where the engine does not tell. */
  readonly filtersBridges: boolean | null;
  readonly capacity: EngineCapacity;
}

const runtimeSchema = v.object({
  path: v.fallback(v.nullish(v.string()), null),
  runtimeArgs: v.fallback(v.nullish(v.array(v.string())), null),
  runtimeType: v.fallback(v.nullish(v.string()), null),
  options: v.fallback(v.nullish(v.record(v.string(), v.unknown())), null),
});

const infoSchema = v.object({
  DefaultRuntime: v.optional(v.string()),
  Runtimes: v.optional(v.nullable(v.record(v.string(), runtimeSchema))),
  CgroupVersion: v.optional(v.string()),
  SecurityOptions: v.optional(v.nullable(v.array(v.string()))),
  BridgeNfIptables: v.optional(v.boolean()),
  NCPU: v.fallback(v.nullish(v.number()), null),
  MemTotal: v.fallback(v.nullish(v.number()), null),
});

/** Reads the answer of GET /info; throws where it is not one. */
export function engineInfo(answer: unknown): EngineInfo {
  const info = v.parse(infoSchema, answer);
  const options = info.SecurityOptions ?? null;
  return {
    defaultRuntime: info.DefaultRuntime ?? null,
    runtimes: Object.fromEntries(
      Object.entries(info.Runtimes ?? {}).map(([name, said]) => [name, runtimeInfo(said)]),
    ),
    rootless: options?.some((option) => option.startsWith('name=rootless')) ?? null,
    cgroupVersion: info.CgroupVersion ? Number(info.CgroupVersion) : null,
    hasSeccomp: options?.some(isSeccompInForce) ?? false,
    securityModules: (options ?? []).map((option) => option.replace(/^name=([^,]*).*$/, '$1')),
    filtersBridges: info.BridgeNfIptables ?? null,
    capacity: { cpus: known(info.NCPU), memoryBytes: known(info.MemTotal) },
  };
}

function runtimeInfo(said: v.InferOutput<typeof runtimeSchema>): RuntimeInfo {
  const binary = said.options?.BinaryName;
  return {
    path: said.path ?? null,
    args: said.runtimeArgs ?? [],
    type: said.runtimeType ?? null,
    binary: typeof binary === 'string' ? binary : null,
  };
}

/** Some engines say 0 where they do not know. */
function known(number: number | null | undefined): number | null {
  return number === undefined || number === 0 ? null : number;
}

function isSeccompInForce(option: string): boolean {
  const fields = option.split(',');
  return fields.includes('name=seccomp') && !fields.includes('profile=unconfined');
}
