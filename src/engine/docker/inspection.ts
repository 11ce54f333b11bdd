import type Docker from 'dockerode';
import type { Mount, TaskSpec } from '../../spec/task-spec.ts';
import type { EngineInfo } from './engine-info.ts';

/** A container as the engine has it, and what was asked of it. */
export interface Inspection {
  readonly inspected: Docker.ContainerInspectInfo;
  readonly spec: TaskSpec;
  readonly info: EngineInfo;
  /** What we mounted besides what the task asked for. */
  readonly added: readonly Mount[];
  /** The engine's product, e.g. `Docker Engine`. */
  readonly product: string | null;
}

/** As engines really answer: anything may be missing, and Go writes null for a list that is empty. */
export type Reported = { readonly [K in keyof Docker.HostConfig]?: Docker.HostConfig[K] | null };

export function reportedBy({ inspected }: Inspection): Reported {
  return inspected.HostConfig;
}

export function securityOptionsOf({ SecurityOpt }: Reported): readonly string[] {
  return (SecurityOpt as string[] | null | undefined) ?? [];
}

/** Engines take options for a security module that the kernel does not have, and do nothing about them. */
export function securityOptionsInVain(inspection: Inspection): string[] {
  const { securityModules } = inspection.info;
  const moduleOf = (option: string) =>
    option.startsWith('label') ? 'selinux' : option.startsWith('apparmor') ? 'apparmor' : null;
  return securityOptionsOf(reportedBy(inspection)).filter((option) => {
    const module = moduleOf(option);
    return module !== null && !securityModules.includes(module);
  });
}
