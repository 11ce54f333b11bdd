import { release } from 'node:os';
import { SandboxFailure } from '../../failure.ts';
import { ownNetworks } from '../../spec/choices.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { CreateContext, Engine, EngineDriver, EngineFacts, SandboxFacts } from '../engine.ts';
import { ProcessSandbox } from './process-sandbox.ts';
import { createTaskDirectory } from './task-directory.ts';

/** What nothing stands for when a command is a plain process of the caller. */
const notEnforced = [
  'memory',
  'memory-swap',
  'cpus',
  'pids-limit',
  'network',
  'file-system',
  'read-only-root',
  'capabilities',
  'no-new-privileges',
  'seccomp',
  'image',
] as const;

const facts: EngineFacts = {
  name: 'simulation',
  product: 'process group',
  version: release(),
  apiVersion: null,
  address: null,
  runtime: null,
  rootless: null,
  cgroupVersion: null,
};

export const simulationDriver: EngineDriver = {
  connect: () =>
    Promise.resolve({ facts, create, close: () => Promise.resolve() } satisfies Engine),
  equivalentCommands: () => [],
};

/** The command as a process group of its own, with a clean environment and nothing else between it and the host. */
async function create(spec: TaskSpec, { phases }: CreateContext): Promise<ProcessSandbox> {
  refuseWhatCannotBe(spec);
  return await phases.measure('create', async () => {
    const directory = await createTaskDirectory(spec.id);
    return new ProcessSandbox({ spec, directory, facts: sandboxFacts(spec) });
  });
}

/** These change what the task sees: a task that silently ran without them would give a wrong answer. */
function refuseWhatCannotBe(spec: TaskSpec): void {
  const asked = [
    ...(spec.mounts.length > 0 ? ['--volume and --mount'] : []),
    ...(spec.tmpfs.length > 0 ? ['--tmpfs'] : []),
    ...(spec.keepEntrypoint ? ['--keep-entrypoint'] : []),
    ...(isOtherUser(spec.user) ? ['--user'] : []),
    ...(ownNetworks.some((own) => own === spec.network) ? [] : ['--network NAME']),
  ];
  if (asked.length === 0) return;
  throw new SandboxFailure('not-enforceable', `simulation cannot do ${asked.join(', ')}`, {
    hint: 'Run it with an engine (--engine docker), or leave the option out.',
  });
}

function isOtherUser(user: string | null): boolean {
  if (user === null) return false;
  const own = [process.getuid?.(), process.getgid?.()].map(String);
  return user !== own.join(':') && user !== own[0];
}

function sandboxFacts(spec: TaskSpec): SandboxFacts {
  const { timeoutMs, killAfterMs } = spec.limits;
  const user = process.getuid && process.getgid ? `${process.getuid()}:${process.getgid()}` : null;
  return {
    image: null,
    isolation: { level: 'none', simulated: true },
    notEnforced,
    enforced: {
      memoryBytes: null,
      memorySwapBytes: null,
      cpus: null,
      pidsLimit: null,
      timeoutMs: timeoutMs === 0 ? null : timeoutMs,
      killAfterMs,
    },
    user,
    network: { name: 'host', id: null },
    handle: null,
  };
}
