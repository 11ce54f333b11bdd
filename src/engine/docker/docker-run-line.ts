import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { containerName, environmentOf, tmpfsOf } from './container-options.ts';
import { oldestApi } from './api-version.ts';
import { engineNetworkName, wantedNetwork } from './network.ts';
import { ownNetworks } from '../../spec/choices.ts';

/** What to type to get the same container: its network, where it is ours, and the run itself. */
export function dockerCommands(spec: TaskSpec, user: string): string[][] {
  const isOwn = isOwnNetwork(spec.network);
  return [...(isOwn ? [networkCreateLine(spec.network)] : []), dockerRunLine(spec, user)];
}

/** The `docker run` that starts the same container: without the deadline, the receipt and the tidying up. */
function dockerRunLine(spec: TaskSpec, user: string): string[] {
  const { memoryBytes, cpus, pidsLimit } = spec.limits;
  const [program = '', ...rest] = spec.command;
  return [
    ...[
      'docker',
      'run',
      '--rm',
      '--init',
      '--name',
      containerName(spec.id),
      '--hostname',
      'sandbox',
    ],
    ...networkFlags(spec.network),
    ...['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)],
    ...['--cpus', String(cpus), '--pids-limit', String(pidsLimit)],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...(spec.writableRoot ? [] : ['--read-only']),
    ...['--ipc', 'private', '--ulimit', 'core=0:0', '--log-driver', 'none', '--no-healthcheck'],
    ...tmpfsOf(spec).flatMap(({ target, options }) => ['--tmpfs', `${target}:${options}`]),
    ...mountFlags(spec),
    ...['--workdir', workspaceTarget, '--user', user],
    ...environmentFlags(spec),
    ...Object.entries(spec.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...(spec.stdin ? ['--interactive'] : []),
    ...(spec.keepEntrypoint ? [] : ['--entrypoint', program]),
    ...['--pull', spec.pull, spec.image],
    ...(spec.keepEntrypoint ? spec.command : rest),
  ];
}

function isOwnNetwork(network: string): boolean {
  return network !== 'none' && ownNetworks.some((own) => own === network);
}

/** In the form that engines of every version understand. */
function networkCreateLine(network: string): string[] {
  const { Name, Internal, Options, Labels } = wantedNetwork(network, oldestApi);
  return [
    ...['docker', 'network', 'create', ...(Internal ? ['--internal'] : [])],
    ...Object.entries(Options ?? {}).flatMap(([option, value]) => ['--opt', `${option}=${value}`]),
    ...Object.entries(Labels ?? {}).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    Name,
  ];
}

function networkFlags(network: string): string[] {
  const name = isOwnNetwork(network) ? engineNetworkName(network) : network;
  const flags = ['--network', name];
  return network === 'isolated' ? [...flags, '--dns', '127.0.0.1', '--dns-search', '.'] : flags;
}

function mountFlags(spec: TaskSpec): string[] {
  const workspace = {
    type: 'bind',
    source: spec.workspace,
    target: workspaceTarget,
    readOnly: false,
  };
  return [workspace, ...spec.mounts].flatMap(({ type, source, target, readOnly }) => [
    '--mount',
    [`type=${type}`, `source=${source}`, `target=${target}`, ...(readOnly ? ['readonly'] : [])]
      .map(csvField)
      .join(','),
  ]);
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
