import type Docker from 'dockerode';
import { workspaceTarget } from '../../spec/task-spec.ts';
import { capabilitiesInEffect, dropsTheRest } from './container-capabilities.ts';
import { enforcedLimits } from './container-outcome.ts';
import {
  type Inspection,
  reportedBy,
  securityOptionsInVain,
  securityOptionsOf,
} from './inspection.ts';
import { tmpfsOf } from './mounts.ts';
import { scratchBytes } from '../scratch-space.ts';
import { hasNetwork } from './network-plan.ts';
import { podmanProduct } from './product.ts';
import { levelOf, passesSeccomp, runtimeOf } from './runtime.ts';

type Check = [name: string, holds: boolean];

/** What was asked for, or is always on, and is not in force, by the name of its flag or protection. */
export function notEnforced(inspection: Inspection): string[] {
  const checks: Check[] = [
    ...limitChecks(inspection),
    ...privilegeChecks(inspection),
    ...fileSystemChecks(inspection),
    ...namespaceChecks(inspection),
  ];
  return checks.filter(([, holds]) => !holds).map(([name]) => name);
}

function limitChecks(inspection: Inspection): Check[] {
  const { inspected, spec } = inspection;
  const host = reportedBy(inspection);
  const enforced = enforcedLimits(inspected, spec);
  const core = host.Ulimits?.find(({ Name }) => /^(RLIMIT_)?core$/i.test(Name ?? ''));
  return [
    ['memory', enforced.memoryBytes === spec.limits.memoryBytes],
    ['memory-swap', enforced.memorySwapBytes === spec.limits.memoryBytes],
    // The engine counts in billionths.
    ['cpus', host.NanoCpus === Math.round(spec.limits.cpus * 1e9)],
    ['pids-limit', countsProcesses(inspection) && enforced.pidsLimit === spec.limits.pidsLimit],
    ['core-dumps', core?.Hard === 0],
    ['log-driver', host.LogConfig?.Type === 'none'],
  ];
}

/** gVisor's limit is on its own threads; what the task starts is out of the engine's sight. */
function countsProcesses({ inspected, info }: Inspection): boolean {
  return levelOf(runtimeOf(inspected, info), info) !== 'gvisor';
}

function privilegeChecks(inspection: Inspection): Check[] {
  const { inspected, spec, info, product } = inspection;
  const host = reportedBy(inspection);
  // Podman's own profile lets a task make user namespaces and use the kernel's keyrings.
  const isFilteredByDefault = info.hasSeccomp && product !== podmanProduct;
  const options = securityOptionsOf(host);
  const seccomp = options.find((option) => option.startsWith('seccomp='));
  const isUnconfined = seccomp === 'seccomp=unconfined';
  const passes = passesSeccomp(runtimeOf(inspected, info), info);
  const inEffect = capabilitiesInEffect(inspection);
  return [
    ['no-new-privileges', options.some(isNoNewPrivileges)],
    ['capabilities', dropsTheRest(inspection)],
    ...spec.capAdd.map((name): Check => [`cap-add ${name}`, inEffect.includes(name)]),
    [
      'seccomp',
      // One that was asked for is told of as such.
      isUnconfined ? !spec.nestedDocker : (seccomp !== undefined || isFilteredByDefault) && passes,
    ],
    ...askedInVain(inspection).map((option): Check => [`security-opt ${option}`, false]),
    ['privileged', host.Privileged === false],
    ['init', host.Init === true],
  ];
}

/** What nested Docker needs to be off is off where the kernel does not have it. */
function askedInVain(inspection: Inspection): string[] {
  const { nestedDocker, securityOpt } = inspection.spec;
  const inVain = securityOptionsInVain(inspection);
  return inVain.filter((option) => !nestedDocker || securityOpt.includes(option));
}

function fileSystemChecks(inspection: Inspection): Check[] {
  const { inspected, spec, added } = inspection;
  const host = reportedBy(inspection);
  const isReadOnly = (target: string) => mountsOf(inspected).get(target) === false;
  const readOnlyTargets = [...spec.mounts, ...added]
    .filter(({ readOnly }) => readOnly)
    .map(({ target }) => target);
  return [
    ['read-only-root', spec.writableRoot || host.ReadonlyRootfs === true],
    // No engine says whether its storage can limit a layer, and most cannot.
    ['root-size', !spec.writableRoot],
    ['masked-paths', masked.every((path) => host.MaskedPaths?.includes(path))],
    ['read-only-paths', readOnly.every((path) => host.ReadonlyPaths?.includes(path))],
    ['shm-size', host.ShmSize === scratchBytes(spec)],
    ['tmpfs-size', hasTmpfsSizes(inspection)],
    ['workspace-mode', spec.workspaceMode !== 'ro' || isReadOnly(workspaceTarget)],
    ...readOnlyTargets.map((target): Check => [`read-only ${target}`, isReadOnly(target)]),
    // A VOLUME of the image is a directory on the engine's disk, and no engine limits its size.
    ...volumesOfImage(inspection).map((target): Check => [`volume-size ${target}`, false]),
  ];
}

const masked = ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'];
const readOnly = ['/proc/bus', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function namespaceChecks(inspection: Inspection): Check[] {
  const { spec } = inspection;
  const { NetworkMode, ...host } = reportedBy(inspection);
  const isOwn = (mode: string | null | undefined) => mode === '' || mode === 'private';
  const isShared =
    NetworkMode === undefined || /^(host|container:.*|ns:.*|)$/.test(NetworkMode ?? '');
  return [
    ['ipc-namespace', host.IpcMode === 'private'],
    ['pid-namespace', isOwn(host.PidMode)],
    ['uts-namespace', isOwn(host.UTSMode)],
    ['user-namespace', typeof host.UsernsMode === 'string' && host.UsernsMode !== 'host'],
    ['network', hasNetwork(spec.network) ? !isShared : NetworkMode === 'none'],
  ];
}

/** Podman adds words of its own, and other file systems without a size. */
function hasTmpfsSizes(inspection: Inspection): boolean {
  const reported = (reportedBy(inspection).Tmpfs ?? {}) as Record<string, string>;
  const wordsOf = (target: string) => (reported[target] ?? '').split(',');
  const isAsAsked = ({ target, options }: { target: string; options: string }) =>
    options.split(',').every((word) => wordsOf(target).includes(word));
  const isLimited = (target: string) => wordsOf(target).some((word) => word.startsWith('size='));
  return tmpfsOf(inspection.spec).every(isAsAsked) && Object.keys(reported).every(isLimited);
}

/** Written to the engine's disk, and gone with the container. */
function volumesOfImage({ inspected, spec }: Inspection): string[] {
  const asked = new Set(spec.mounts.map(({ target }) => target));
  return reportedMounts(inspected)
    .filter(({ Type, RW, Destination }) => Type === 'volume' && RW && !asked.has(Destination))
    .map(({ Destination }) => Destination);
}

function mountsOf(inspected: Docker.ContainerInspectInfo): Map<string, boolean> {
  return new Map(reportedMounts(inspected).map(({ Destination, RW }) => [Destination, RW]));
}

function reportedMounts({ Mounts }: Docker.ContainerInspectInfo) {
  return (Mounts as typeof Mounts | null | undefined) ?? [];
}

function isNoNewPrivileges(option: string): boolean {
  return /^no-new-privileges([=:]true)?$/.test(option);
}
