import type { CreateContext, ImageStore } from '../engine/engine.ts';
import { connectEngine } from '../engine/engines.ts';
import { PhaseClock } from '../engine/phase-clock.ts';
import { SandboxFailure } from '../failure.ts';
import type { Problem } from '../failure.ts';
import { reportEvent } from '../report/human.ts';
import { ProgressReport } from '../report/progress.ts';
import type { Terminal } from '../report/terminal.ts';
import { currentCaller } from '../spec/host-path.ts';
import { resolveBuild } from '../spec/resolve-build.ts';
import type { Layer } from '../spec/layers.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { outputFlags, taskFlags } from './flags.ts';
import { flagLayer } from './task-request.ts';

interface AskedImage {
  /** Such as `image build`. */
  readonly command: string;
  /** Null: the one that a run would take. */
  readonly profile: string | null;
  readonly problems: readonly Problem[];
}

/** What an engine is asked about: the image of a profile, under the flags that were given. */
export async function imageSpec(
  args: CommandArgs,
  { command, profile, problems }: AskedImage,
): Promise<TaskSpec> {
  const named: Layer = profile === null ? {} : { profile: { text: profile, origin: 'PROFILE' } };
  const buildArgs = args.values[taskFlags.buildArg.name];
  const request = {
    flags: { ...flagLayer(args), ...named },
    buildArgs: Array.isArray(buildArgs) ? (buildArgs as string[]) : [],
    problems,
    hint: `See: sandbox ${command} --help`,
  };
  return await resolveBuild(request, { caller: currentCaller(), ambient: true });
}

interface Around {
  readonly terminal: Terminal;
  readonly cancel: AbortSignal;
}

/** Connects to the engine of a spec for as long as the work takes. */
export async function withImages<T>(
  spec: TaskSpec,
  { terminal, cancel }: Around,
  work: (images: ImageStore) => Promise<T>,
): Promise<T> {
  // Whoever asks for images wants an engine that has some, and must hear it where there is none: a simulation will not do.
  const engineName = spec.engine === 'auto' ? ('docker' as const) : spec.engine;
  const asked = { ...spec, engine: engineName, isolation: 'container' as const };
  const engine = await connectEngine(asked, { cancel, env: terminal.env });
  try {
    if (!engine.images) throw noImages(engine.facts.name);
    return await work(engine.images);
  } finally {
    await engine.close();
  }
}

function noImages(engine: string): SandboxFailure {
  const message = `the engine "${engine}" runs the host's own programs and has no images`;
  const hint = 'Use --engine docker; a task in simulation needs none.';
  return new SandboxFailure('not-enforceable', message, { hint });
}

/** What making an image needs; its progress is shown until the work is done. */
export async function withProgress<T>(
  args: CommandArgs,
  { terminal, cancel }: Around,
  work: (context: CreateContext) => Promise<T>,
): Promise<T> {
  const quiet = args.values[outputFlags.quiet.name] === true;
  const shown = new ProgressReport(terminal, { quiet });
  const warn = (message: string) => {
    shown.clear();
    reportEvent(terminal, { kind: 'warning', message }, { quiet, verbose: false });
  };
  const progress: CreateContext['progress'] = (told) => shown.show(told);
  try {
    return await work({ cancel, phases: new PhaseClock(), warn, progress, secrets: [] });
  } finally {
    shown.close();
  }
}
