import type { SandboxFailure } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { type Controller, controllers } from './cgroup.ts';
import { type Means, levelOf } from './simulation-facts.ts';

const limitWords: Record<Controller, string> = {
  memory: 'memory',
  cpu: 'CPU time',
  pids: 'the number of processes',
};

/** One line: why there is no engine, what there is instead, and what it does not hold back. */
export function simulationWarning(
  spec: TaskSpec,
  means: Means,
  cause: SandboxFailure | null,
): string {
  const why = cause ? `${cause.message}; ` : '';
  const how = means.obstacle
    ? ` (${means.obstacle.reason}). ${means.obstacle.remedy}`
    : means.bubblewrap && spec.network === 'egress'
      ? " (bubblewrap, with the host's network)."
      : ' (bubblewrap).';
  return [
    `${why}running in simulation, isolation: ${levelOf(spec, means)}${how}`,
    ...notLimited(spec, means),
    'Use --isolation container to refuse this.',
  ].join(' ');
}

function notLimited(spec: TaskSpec, { obstacle, cgroups }: Means): string[] {
  if (obstacle) {
    return [
      'The command runs on this host as you: memory, CPUs, processes, network and files are not limited.',
    ];
  }
  const missing = controllers.filter((name) => !cgroups.host?.controllers.includes(name));
  const words = missing.map((name) => limitWords[name]);
  return [
    ...(spec.network === 'egress'
      ? ["The task reaches the host's services and all that the host reaches."]
      : []),
    ...(words.length === 0 ? [] : [`${capitalized(listed(words))} ${verb(words)} not limited.`]),
    "The image is not used: programs are the host's.",
  ];
}

function verb(words: readonly string[]): string {
  return words.length === 1 ? 'is' : 'are';
}

function listed(words: readonly string[]): string {
  const [last = '', ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
