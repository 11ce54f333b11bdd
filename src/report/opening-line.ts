import type { SandboxFacts } from '../engine/engine.ts';
import { formatDuration } from '../spec/duration.ts';
import { formatBytes } from '../spec/bytes.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { type Terminal, colorsFor, printable, writeLine } from './terminal.ts';

/** Where somebody who is given a terminal is, what holds there, and how to leave. */
export function reportOpening(
  terminal: Terminal,
  { limits }: TaskSpec,
  { image, isolation, network }: SandboxFacts,
): void {
  const colors = colorsFor(terminal.stderr, terminal.env);
  const place = image ? image.reference : "this host's programs";
  const { memoryBytes, cpus, pidsLimit, timeoutMs } = limits;
  const deadline = timeoutMs === 0 ? 'no deadline' : `ends after ${formatDuration(timeoutMs)}`;
  const parts = [
    `${place}, isolation ${isolation.level}, network ${network.name}`,
    `${formatBytes(memoryBytes)}, ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${pidsLimit} processes, ${deadline}`,
    'exit or Ctrl-D leaves',
  ];
  writeLine(terminal, colors.dim(`sandbox: ${parts.map(printable).join(' · ')}`));
}
