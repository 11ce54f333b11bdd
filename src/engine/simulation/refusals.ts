import { existsSync } from 'node:fs';
import { SandboxFailure } from '../../failure.ts';
import { ownNetworks } from '../../spec/choices.ts';
import { isInside } from '../../spec/host-path.ts';
import { nearestOf } from '../../spec/nearest.ts';
import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import type { Means } from './simulation-facts.ts';
import { lostOnTerminal } from './terminal-command.ts';

/** These change what the task sees or may do: a task that silently ran without them would give a wrong answer. */
export function refuseWhatCannotBe(spec: TaskSpec, { obstacle }: Means): void {
  const asked = [...neverDone(spec), ...(obstacle ? doneByBubblewrap(spec) : [])];
  if (asked.length === 0) return;
  const reason = obstacle ? ` (${obstacle.reason})` : '';
  throw new SandboxFailure('not-enforceable', `simulation cannot do ${asked.join(', ')}${reason}`, {
    hint: `Run it with an engine (--engine docker), or leave the option out.${obstacle ? ` ${obstacle.remedy}` : ''}`,
  });
}

/** Where nothing tells which processes there are, what a task leaves behind cannot be ended. */
export function refuseWithoutProc(): void {
  if (process.platform !== 'linux' || existsSync('/proc/self/stat')) return;
  const message = 'simulation cannot end what a task leaves behind: /proc is not there';
  const hint = 'Mount it, or run the task with an engine (--engine docker).';
  throw new SandboxFailure('not-enforceable', message, { hint });
}

function neverDone(spec: TaskSpec): string[] {
  return [
    ...(spec.keepEntrypoint ? ['--keep-entrypoint'] : []),
    ...(spec.nestedDocker ? ['--allow-nested-docker'] : []),
    ...(isOtherUser(spec.user) ? ['--user'] : []),
    ...foreignNetwork(spec.network),
    ...(spec.runtime === null ? [] : ['--runtime']),
    ...(spec.capAdd.length > 0 ? ['--cap-add'] : []),
    ...(spec.securityOpt.length > 0 ? ['--security-opt'] : []),
    ...(spec.mounts.some(({ type }) => type === 'volume') ? ['volumes'] : []),
    ...(spec.tty ? lostOnTerminal(spec.environment) : []).map(
      (name) => `--env ${name} at a terminal`,
    ),
  ];
}

function foreignNetwork(name: string): string[] {
  if (ownNetworks.some((own) => own === name)) return [];
  const nearest = nearestOf(name, ownNetworks);
  return [`--network ${name}${nearest === null ? '' : ` (did you mean ${nearest}?)`}`];
}

function doneByBubblewrap(spec: TaskSpec): string[] {
  return [
    ...(spec.mounts.length > 0 ? ['--volume and --mount'] : []),
    ...(spec.tmpfs.length > 0 ? ['--tmpfs'] : []),
    ...(spec.secrets.length > 0 ? ['--secret'] : []),
    ...(spec.workspaceMode === 'ro' ? ['--workspace-mode ro'] : []),
    ...(isInside(spec.workdir, workspaceTarget) ? [] : [`--workdir outside of ${workspaceTarget}`]),
  ];
}

function isOtherUser(user: string | null): boolean {
  if (user === null) return false;
  const own = [process.getuid?.(), process.getgid?.()].map(String);
  return user !== own.join(':') && user !== own[0];
}
