import { errnoOf } from '../../failure.ts';
import type { Secret } from '../../spec/secret.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { defaultHome } from '../scratch-space.ts';
import { tooLong } from '../too-long.ts';
import { type Bubblewrap, forgetBubblewrap } from './bubblewrap.ts';
import { bubblewrapArguments } from './bubblewrap-arguments.ts';
import { type BubblewrapParts, BubblewrapSandbox } from './bubblewrap-sandbox.ts';
import { type CgroupHost, noLimits } from './cgroup.ts';
import { cgroupName } from './cgroup-name.ts';
import { type ProgramSearch, defaultPath, whyNotStartable } from './find-program.ts';
import { readHostView } from './host-view.ts';
import { Launch, type LaunchInput, firstDataFd } from './launch.ts';
import { refuseLinkedTargets } from './linked-targets.ts';
import { currentPerson, nameVariables, taskName } from './person.ts';
import { sandboxView } from './sandbox-view.ts';
import { seccompFilter } from './seccomp-filter.ts';
import { bubblewrapFacts } from './simulation-facts.ts';
import type { TaskDirectory } from './task-directory.ts';
import { onTerminal } from './terminal-command.ts';
import { type TerminalPrograms, noTerminal } from './terminal-programs.ts';

export interface BubblewrapMeans {
  readonly bubblewrap: Bubblewrap;
  readonly cgroupHost: CgroupHost | null;
  readonly directory: TaskDirectory;
  readonly secrets: readonly Secret[];
  /** The caller's PATH. */
  readonly callerPath: string;
  /** Null where the task gets no terminal. */
  readonly programs: TerminalPrograms | null;
}

/** The sandbox of one task, with its limits already in force around nothing. */
export async function createBubblewrapSandbox(
  spec: TaskSpec,
  means: BubblewrapMeans,
): Promise<BubblewrapSandbox> {
  const { bubblewrap, cgroupHost, directory } = means;
  const plan = planOf(spec, means);
  const cgroup = (await cgroupHost?.make(cgroupName(spec.id), spec.limits)) ?? null;
  // At once, since to become a member of a cgroup takes as long as all the rest.
  const input = { ...plan, cgroup, wantsInput: spec.stdin };
  const launch = await launchOrRemove(input, plan.search.program);
  const facts = () =>
    bubblewrapFacts(spec, bubblewrap, {
      limits: cgroup?.limits ?? noLimits,
      hasSeccomp: plan.hasSeccomp,
    });
  return new BubblewrapSandbox({ ...plan, launch, cgroup, directory, facts });
}

async function launchOrRemove(input: LaunchInput, program: string): Promise<Launch> {
  try {
    return new Launch(input);
  } catch (error) {
    await input.cgroup?.remove();
    throw errnoOf(error) === 'E2BIG' ? tooLong(program) : error;
  }
}

type Plan = Omit<BubblewrapParts, 'launch' | 'cgroup' | 'directory' | 'facts'> &
  Omit<LaunchInput, 'cgroup' | 'wantsInput'>;

function planOf(spec: TaskSpec, means: BubblewrapMeans): Plan & { readonly hasSeccomp: boolean } {
  const { bubblewrap, secrets, callerPath, programs } = means;
  const { features, path: bubblewrapPath } = bubblewrap;
  const { workdir, writableRoot } = spec;
  const person = currentPerson();
  const sharesNetwork = spec.network === 'egress';
  const host = readHostView({ network: sharesNetwork });
  const view = sandboxView(spec, { host, person, secrets });
  refuseLinkedTargets(view);
  const own = { PATH: defaultPath, HOME: defaultHome, ...nameVariables(taskName(person)) };
  const plain = { command: spec.command, environment: { ...own, ...spec.environment } };
  const search = {
    ...{ program: spec.command[0] ?? '', path: plain.environment.PATH, directory: workdir },
    ...{ view, person, callerPath },
  };
  if (programs) requirePrograms(programs, search);
  const size = spec.tty;
  const startable = programs && size ? onTerminal(plain, { size, programs, tells: false }) : plain;
  const seccomp = seccompFilter(process.arch);
  const input = {
    ...{ features, person, view, sharesNetwork, writableRoot, seccomp },
    ...{ directory: workdir, environment: startable.environment },
  };
  return {
    spec,
    bubblewrapPath,
    bubblewrap: bubblewrapArguments(input, firstDataFd),
    onSetupFailure: () => forgetBubblewrap(bubblewrap),
    command: startable.command,
    ...{ search, programs },
    hasSeccomp: seccomp !== null,
  };
}

/** The task's own view of them counts: what the caller mounted may hide them. */
function requirePrograms(programs: TerminalPrograms, search: ProgramSearch): void {
  const { script, stty, shell } = programs;
  const missing = [script, stty, shell].find((program) => whyNotStartable({ ...search, program }));
  if (missing !== undefined) throw noTerminal(`${missing} is not in the sandbox`);
}
