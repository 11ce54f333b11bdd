import { posix } from 'node:path';
import type { Mount, TaskSpec } from '../../spec/task-spec.ts';
import { containerName, taskHostname } from './container-options.ts';
import { type SecretFile, hostMounts, tmpfsOf } from './mounts.ts';
import { scratchBytes } from '../scratch-space.ts';
import {
  type NestedDockerNeeds,
  nestedDockerData,
  nestedDockerEntry,
  nestedDockerNeeds,
} from './nested-docker.ts';
import { engineNetworkName, hasNetwork, isOwnNetwork, wantedNetwork } from './network-plan.ts';
import { environmentOf } from './task-environment.ts';

/** What to type to get the same container: what it needs to be there first, and the run itself. */
export function dockerCommands(spec: TaskSpec, user: string): string[][] {
  const secrets = secretFiles(spec);
  const copy = spec.workspaceMode === 'copy' ? `${spec.workspace}.${spec.id}.copy` : null;
  const seen = copy === null ? spec : { ...spec, workspace: copy };
  return [
    ...(isOwnNetwork(spec.network) ? [networkCreateLine(spec.network)] : []),
    // Without what .dockerignore leaves out of a copy, which no one command can do.
    ...(copy === null ? [] : [['cp', '--archive', '--reflink=auto', spec.workspace, copy]]),
    ...secretLines(spec, secrets),
    dockerRunLine(seen, { user, mounts: hostMounts(seen, secrets) }),
  ];
}

/** The `docker run` that starts the same container: without the deadline, the receipt and the tidying up. */
function dockerRunLine(
  spec: TaskSpec,
  { user, mounts }: { user: string; mounts: readonly Mount[] },
): string[] {
  const nested = nestedDockerNeeds(spec, user);
  const [program = '', ...rest] = nested ? [nestedDockerEntry, ...spec.command] : spec.command;
  return [
    ...['docker', 'run', '--rm', '--init', '--name', containerName(spec.id)],
    ...['--hostname', taskHostname],
    ...networkFlags(spec.network),
    ...limitFlags(spec),
    ...privilegeFlags(spec, nested),
    ...nestedFlags(nested),
    ...['--ipc', 'private', '--ulimit', 'core=0:0', '--log-driver', 'none', '--no-healthcheck'],
    ...['--shm-size', String(scratchBytes(spec))],
    ...tmpfsOf(spec, user).flatMap(({ target, options }) => ['--tmpfs', `${target}:${options}`]),
    ...mounts.flatMap(mountFlags),
    ...['--workdir', spec.workdir, '--user', user],
    ...environmentFlags(spec),
    ...Object.entries(spec.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...(spec.stdin ? ['--interactive'] : []),
    ...(spec.tty ? ['--tty'] : []),
    ...(spec.keepEntrypoint ? [] : ['--entrypoint', program]),
    // One that was built is in no registry.
    ...['--pull', spec.recipe === null ? spec.pull : 'never', spec.image],
    ...(spec.keepEntrypoint ? spec.command : rest),
  ];
}

function limitFlags({ limits }: TaskSpec): string[] {
  const memory = String(limits.memoryBytes);
  return [
    ...['--memory', memory, '--memory-swap', memory],
    ...['--cpus', String(limits.cpus), '--pids-limit', String(limits.pidsLimit)],
  ];
}

function privilegeFlags(spec: TaskSpec, nested: NestedDockerNeeds | null): string[] {
  const first = nested ? [...nested.securityOptions, 'systempaths=unconfined'] : noNewPrivileges;
  const options = [...first, ...spec.securityOpt];
  const added = [...new Set([...spec.capAdd, ...(nested?.capabilities ?? [])])];
  return [
    ...['--cap-drop', 'ALL', ...added.flatMap((name) => ['--cap-add', name])],
    ...options.flatMap((option) => ['--security-opt', option]),
    ...(spec.writableRoot ? [] : ['--read-only']),
    ...(spec.runtime === null ? [] : ['--runtime', spec.runtime]),
  ];
}

const noNewPrivileges = ['no-new-privileges'];

function nestedFlags(nested: NestedDockerNeeds | null): string[] {
  if (!nested) return [];
  return [
    ...['--cgroupns', 'private', '--mount', `type=volume,target=${nestedDockerData}`],
    ...nested.devices.flatMap((path) => ['--device', `${path}:${path}:rw`]),
    ...Object.entries(nested.tmpfs).flatMap(([path, options]) => ['--tmpfs', `${path}:${options}`]),
  ];
}

function secretFiles({ id, secrets }: TaskSpec): SecretFile[] {
  return secrets.map(({ name }) => ({ name, path: `/dev/shm/sandbox-${id}.secrets/${name}` }));
}

/** A directory of the caller's alone, with files that any uid may read where they are mounted. */
function secretLines({ secrets }: TaskSpec, files: readonly SecretFile[]): string[][] {
  const [first] = files;
  if (!first) return [];
  const lines = files.map(({ path }, index) => {
    const { name = '', path: source = null } = secrets[index] ?? {};
    if (source !== null) return ['install', '-m', '444', source, path];
    // The value of any variable, whatever its name, and nothing after it.
    const program = String.raw`awk 'BEGIN { printf "%s", ENVIRON[ARGV[1]] }' "$1" >"$2" && chmod 444 "$2"`;
    return ['sh', '-c', program, 'sh', name, path];
  });
  return [['mkdir', '-m', '700', posix.dirname(first.path)], ...lines];
}

function networkCreateLine(network: string): string[] {
  const { Name, Options, Labels } = wantedNetwork(network);
  return [
    ...['docker', 'network', 'create'],
    ...Object.entries(Options ?? {}).flatMap(([option, value]) => ['--opt', `${option}=${value}`]),
    ...Object.entries(Labels ?? {}).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    Name,
  ];
}

function networkFlags(network: string): string[] {
  if (hasNetwork(network)) {
    return ['--network', isOwnNetwork(network) ? engineNetworkName(network) : network];
  }
  const alone = ['--dns', '127.0.0.1', '--dns-search', '.', '--add-host'];
  return ['--network', 'none', ...alone, `${taskHostname}:127.0.0.1`];
}

function mountFlags({ type, source, target, readOnly }: Mount): string[] {
  const fields = [`type=${type}`, `source=${source}`, `target=${target}`];
  return ['--mount', [...fields, ...(readOnly ? ['readonly'] : [])].map(csvField).join(',')];
}

function csvField(field: string): string {
  return /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** A value that is the caller's own is not spelled out, so that the line can be shown to others. */
function environmentFlags(spec: TaskSpec): string[] {
  return environmentOf(spec).flatMap((entry) => {
    const name = entry.slice(0, entry.indexOf('='));
    return ['--env', process.env[name] === entry.slice(name.length + 1) ? name : entry];
  });
}
