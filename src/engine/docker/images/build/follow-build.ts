import { SandboxFailure } from '../../../../failure.ts';
import type { CreateContext } from '../../../engine.ts';
import { abortedLater, deadlineSignal } from '../../../timer.ts';
import { type DockerApi, callLimitsMs } from '../../docker-api.ts';
import { buildContext } from './build-context.ts';
import { BuildFailure } from './build-failure.ts';
import type { BuildLog } from './build-log.ts';
import type { BuildTranscript } from './build-transcript.ts';
import { builtLabels } from './built-reference.ts';
import { type BuildStep, buildSteps, namedStep, textOf } from './dockerfile.ts';
import { EngineReport, engineLines } from '../pull/pull-stream.ts';
import { type RecipeSpec, baseOf, passedArgs } from './recipe-spec.ts';

export interface Build {
  readonly spec: RecipeSpec;
  readonly baseId: string;
  /** What it is called once it is complete, and not before. */
  readonly reference: string;
  readonly noCache: boolean;
}

export interface BuildAttempt {
  readonly build: Build;
  readonly steps: readonly BuildStep[];
  readonly transcript: BuildTranscript;
  readonly log: BuildLog;
}

/** A step that waits for something that never comes must not keep a pipeline for ever. */
const mostBuildMs = 2 * 3_600_000;
/** How long an engine may take to end a build that was given up. */
const partingMs = 5_000;

export function stepsOf({ spec, baseId }: Build): BuildStep[] {
  const labels = builtLabels(spec, baseId);
  const buildArgs = Object.keys(passedArgs(spec));
  const recipe = { ...spec.recipe, base: baseOf(spec) };
  return buildSteps({ recipe, baseId, buildArgs, labels });
}

/** To the end of the build, also where it is given up: only then it is known what it has made. */
export async function followBuild(
  api: DockerApi,
  attempt: BuildAttempt,
  context: CreateContext,
): Promise<void> {
  const { transcript, log } = attempt;
  const limit = deadlineSignal(mostBuildMs);
  const stop = AbortSignal.any([context.cancel, limit.signal]);
  const patience = abortedLater(stop, partingMs);
  try {
    const read = (signal: AbortSignal) => readBuild(api, attempt, { context, stop, signal });
    // Beyond its own limit, so that the engine is asked in between whether it is alive.
    await api.call(mostBuildMs + callLimitsMs.slow, read, patience.signal);
    stop.throwIfAborted();
    if (transcript.imageId === null) throw endedWithoutImage();
  } catch (error) {
    context.cancel.throwIfAborted();
    const reason = limit.signal.aborted ? 'it took longer than 2 hours' : reportIn(error);
    if (reason === null) throw error;
    await log.write(`\n${reason}\n`);
    throw failureOf(attempt, reason);
  } finally {
    patience.clear();
    limit.clear();
  }
}

interface Reading {
  readonly context: CreateContext;
  readonly stop: AbortSignal;
  readonly signal: AbortSignal;
}

/** An engine ends a build whose client sends nothing any more, and goes on telling what it does. */
async function readBuild(
  api: DockerApi,
  { build, steps, transcript, log }: BuildAttempt,
  { context, stop, signal }: Reading,
): Promise<void> {
  const answer = await send(api, build, signal);
  transcript.begunAt = dateIn(answer.headers.date);
  const leave = () => answer.socket.end();
  if (stop.aborted) leave();
  stop.addEventListener('abort', leave, { once: true });
  try {
    for await (const line of engineLines(answer)) {
      if (transcript.take(line)) tellStep(transcript.step, steps, context);
      if (line.stream !== undefined) await log.write(line.stream);
    }
  } finally {
    stop.removeEventListener('abort', leave);
  }
}

/** Whole seconds, so it is never later than what follows. */
function dateIn(text: string | undefined): Date | null {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : new Date(ms);
}

async function send(api: DockerApi, { spec, noCache, ...build }: Build, signal: AbortSignal) {
  const dockerfile = textOf(stepsOf({ spec, noCache, ...build }));
  const query = new URLSearchParams({
    rm: '1',
    forcerm: '1',
    nocache: noCache ? '1' : '0',
    buildargs: JSON.stringify(passedArgs(spec)),
    ...(spec.platform === null ? {} : { platform: spec.platform }),
  });
  const context = await buildContext(dockerfile, spec.recipe.files);
  return await api.send(`/build?${query.toString()}`, context, signal);
}

function tellStep(step: number, steps: readonly BuildStep[], context: CreateContext): void {
  const named = namedStep(step, steps);
  if (named) context.progress({ kind: 'step', ...named });
}

/** What the engine says against the build itself; null where something else went wrong. */
function reportIn(error: unknown): string | null {
  const found = error instanceof SandboxFailure ? error.cause : error;
  return found instanceof EngineReport ? found.message : null;
}

const noStep = { step: 0, steps: 0, text: null };

function failureOf({ build, steps, transcript, log }: BuildAttempt, reason: string): BuildFailure {
  const { step, steps: count, text } = namedStep(transcript.step, steps) ?? noStep;
  return new BuildFailure({
    profile: build.spec.profile,
    description: text,
    step,
    steps: count,
    reason,
    output: transcript.lastLines(),
    logPath: log.path,
  });
}

export function endedWithoutImage(): SandboxFailure {
  return new SandboxFailure('engine-error', 'the engine ended a build without saying of what', {
    hint: 'Check it with `docker version`, and its log.',
  });
}
