import type { Writable } from 'node:stream';
import type { Secret } from '../spec/secret.ts';
import type { EngineName, IsolationLevel } from '../spec/choices.ts';
import type { SandboxFailure } from '../failure.ts';
import type { TaskSpec, TerminalSize } from '../spec/task-spec.ts';
import type { TaskEnd } from '../outcome/outcome.ts';
import type { Owner, OwnerState } from './owner.ts';
import type { PhaseClock } from './phase-clock.ts';

/** Which engine runs a task, as the engine itself says; null is "not known". */
export interface EngineFacts {
  readonly name: EngineName;
  readonly product: string | null;
  readonly version: string | null;
  readonly apiVersion: string | null;
  readonly address: string | null;
  /** Its default. */
  readonly runtime: string | null;
  readonly rootless: boolean | null;
  readonly cgroupVersion: number | null;
}

/** Limits as read back from the engine; null is "not enforced". */
export interface EnforcedLimits {
  readonly memoryBytes: number | null;
  readonly memorySwapBytes: number | null;
  readonly cpus: number | null;
  readonly pidsLimit: number | null;
  readonly timeoutMs: number | null;
  readonly killAfterMs: number | null;
}

/** What a network may lead to. */
export const networkReaches = [
  'internet',
  'name-servers',
  'local-network',
  'host',
  'cloud-metadata',
  'other-tasks',
] as const;
export type NetworkReach = (typeof networkReaches)[number];

/** Which image a task ran in, and where it came from. */
export interface ImageFacts {
  readonly reference: string;
  readonly id: string;
  /** The registry's; null where the image was never pulled or pushed. */
  readonly digest: string | null;
  /** Of the recipe that it was built from (hexadecimal SHA-256); null where it is used as it is. */
  readonly recipe: string | null;
  /** Whether it was there, or was pulled or built for this task. */
  readonly origin: (typeof imageOrigins)[number];
  /** What pulling or building took; null where it was there. */
  readonly preparedMs: number | null;
  /** True for the small stand-in that is made where nothing can be pulled. */
  readonly minimal: boolean;
}

export const imageOrigins = ['present', 'pulled', 'built'] as const;

/** How far the making of an image has come. */
export type ImageProgress =
  | { readonly kind: 'step'; readonly step: number; readonly steps: number; readonly text: string }
  | {
      readonly kind: 'layers';
      readonly doneBytes: number;
      /** Null while not every layer has told its size. */
      readonly totalBytes: number | null;
    }
  /** Somebody else on this host is building the same image. */
  | { readonly kind: 'waiting'; readonly reference: string }
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs: number }
  | ({ readonly kind: 'begin' } & MakingImage)
  | ({ readonly kind: 'end' } & MakingImage);

export interface MakingImage {
  readonly what: 'pull' | 'build';
  readonly reference: string;
  /** Null where none was asked for. */
  readonly platform: string | null;
}

/** What a sandbox turned out to be, once it was made. */
export interface SandboxFacts {
  readonly image: ImageFacts | null;
  /** The runtime that it really has; null where the engine has none or does not tell. */
  readonly runtime: string | null;
  readonly isolation: {
    readonly level: IsolationLevel;
    readonly simulated: boolean;
    /** What the caller opened, read back from the engine, e.g. `cap-add NET_RAW` or `writable-root`. */
    readonly loosened: readonly string[];
  };
  /** What was asked for and is not in force, by the name of the flag or of the protection. */
  readonly notEnforced: readonly string[];
  readonly enforced: EnforcedLimits;
  readonly user: string | null;
  readonly network: {
    readonly name: string;
    readonly id: string | null;
    /** What the task can reach besides its own loopback; null where nobody but the caller knows. */
    readonly reaches: readonly NetworkReach[] | null;
  };
  /** The engine's name for it, e.g. a container id. */
  readonly handle: string | null;
}

/** Receives a chunk, which is valid only until it returns; a promise asks to wait before the next one. */
export type Sink = (chunk: Buffer) => Promise<void> | undefined;
export interface StreamSinks {
  readonly stdout: Sink;
  readonly stderr: Sink;
}

export interface OutputSinks extends StreamSinks {
  /** Loads what the first chunk needs: to be called once the start is under way, and takes as long as a call of it. */
  readonly prepare: () => void;
}

export interface EngineObservation {
  readonly event: string;
  readonly at: string | null;
  readonly signal?: string;
  readonly exitCode?: number;
}

export interface Ending {
  readonly end: TaskEnd & { readonly exitCode: number };
  /** Kills for lack of memory, of the command or of its children; null where the engine cannot tell. */
  readonly oomKills: number | null;
  readonly observed: readonly EngineObservation[];
  /** The signal by which somebody else ended the task through the engine. */
  readonly stoppedBy: NodeJS.Signals | null;
  /** True where the task had ended by itself before our first signal, although the engine took it. */
  readonly endedFirst: boolean;
  /** True where nothing of the task can be running any more, also before `dispose`. */
  readonly isOver: boolean;
  /** Null where none was tried. */
  readonly watchdog: WatchdogReport | null;
}

/** Something beside the task that ends it without us, should we be gone or suspended. */
export interface WatchdogReport {
  /** It was there when the task ended. */
  readonly isInForce: boolean;
  /** When it ended the task by SIGKILL, since the deadline had passed and we had not; null where it did not. */
  readonly endedAfterMs: number | null;
}

/** One task that is made but not started. Every method may reject with a SandboxFailure. */
export interface Sandbox {
  readonly facts: SandboxFacts;
  start(output: OutputSinks): Promise<RunningTask>;
  /** Removes all that is left, whatever state it is in; resolves once it is gone. */
  dispose(): Promise<void>;
}

export interface RunningTask {
  /** Standard input of the task, where it was asked for. Ending it closes only that direction. */
  readonly stdin: Writable | null;
  /** Resolves when both streams have ended. Every chunk waits for a sink that asks to. With a terminal all is stdout. */
  readonly drained: Promise<void>;
  /** Resolves when the command has ended. */
  ended(): Promise<Ending>;
  kill(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'>;
  /** Tells the task's terminal its size, which is nothing to one that has ended; null where it has no terminal. */
  readonly resize: ((size: TerminalSize) => Promise<void>) | null;
}

/** What an engine needs of its surroundings while it makes a sandbox. */
export interface CreateContext {
  readonly cancel: AbortSignal;
  readonly phases: PhaseClock;
  readonly warn: (message: string) => void;
  readonly progress: (progress: ImageProgress) => void;
  /** To be shown to the task as files under `secretsTarget`, and to nobody else. */
  readonly secrets: readonly Secret[];
}

/** An image of ours on the engine. */
export interface OwnImage {
  readonly reference: string;
  readonly id: string;
  readonly profile: string;
  readonly recipe: string | null;
  readonly createdAt: Date;
  readonly bytes: number;
  readonly minimal: boolean;
}

/** What an engine can do with images besides running tasks in them. Every method may reject with a SandboxFailure. */
export interface ImageStore {
  /** Builds the recipe of a task, or answers what is there; `noCache` builds in any case, from nothing. */
  build(spec: TaskSpec, context: CreateContext, options: { noCache: boolean }): Promise<ImageFacts>;
  /** What a task would run in as things are, without asking a registry or building; null where there is nothing. */
  idFor(spec: TaskSpec, cancel: AbortSignal): Promise<string | null>;
  has(id: string, cancel: AbortSignal): Promise<boolean>;
  /** Ours only. */
  list(cancel: AbortSignal): Promise<readonly OwnImage[]>;
  /** What failed builds left and nothing has a name for. */
  leftovers(cancel: AbortSignal): Promise<{ readonly count: number; readonly bytes: number }>;
  /** Refused where it is not ours or in use. */
  remove(reference: string, cancel: AbortSignal): Promise<void>;
  /** Ours that no profile leads to any more, and what failed builds left; answers what was removed. */
  prune(
    wanted: readonly TaskSpec[],
    cancel: AbortSignal,
  ): Promise<{ readonly removed: readonly string[]; readonly bytes: number }>;
  /** A small image with a shell and core tools, made of what is on this host, in place of a profile's. */
  buildMinimal(spec: TaskSpec, context: CreateContext): Promise<ImageFacts>;
  /** An archive of `docker save`; answers the references in it. */
  load(path: string, context: CreateContext): Promise<readonly string[]>;
  /** A directory that is a root file system. */
  importDirectory(
    path: string,
    target: { readonly reference: string },
    context: CreateContext,
  ): Promise<{ readonly id: string }>;
}

/** What a pre-flight check asks of an engine besides running a task. */
export interface EngineDiagnosis {
  /** What its clock says; null where it does not tell. */
  clock(cancel: AbortSignal): Promise<Date | null>;
  /** Makes the image ready as a run does, and says which it is. */
  image(spec: TaskSpec, context: CreateContext): Promise<ImageFacts>;
  /** Makes the network ready as a run does. */
  network(spec: TaskSpec, cancel: AbortSignal): Promise<void>;
  /** What is left of a task, by the engine's own names. */
  leftovers(taskId: string): Promise<readonly string[]>;
}

/** What a killed run left. */
export interface Leftover {
  readonly kind: 'container' | 'network' | 'cgroup' | 'directory' | 'file';
  /** The engine's name for it, or its path. */
  readonly name: string;
  /** Why nobody needs it. */
  readonly reason: string;
  /** Looks again first, where it may have changed hands; also resolves where it is gone. May reject with any error. */
  remove(): Promise<void>;
}

/** Looks after what runs leave that were killed. */
export interface Housekeeping {
  /** Ours only, and only what certainly nobody needs. */
  leftovers(cancel: AbortSignal): Promise<readonly Leftover[]>;
}

/** One of our tasks as an engine tells of it, whoever runs it. */
export interface EngineTask {
  readonly id: string;
  readonly handle: string;
  /** In the engine's words, such as `created` or `running`. */
  readonly state: string;
  readonly command: readonly string[];
  readonly createdAt: Date;
  /** Null while it has not started. */
  readonly startedAt: Date | null;
  /** From its start; 0 for none, null where that is not known. */
  readonly timeoutMs: number | null;
  readonly killAfterMs: number | null;
  readonly owner: Owner | null;
  readonly ownerState: OwnerState;
}

/** The tasks that an engine keeps, by whichever process they run. Every method may reject with a SandboxFailure. */
export interface TaskBoard {
  /** Ours only, the oldest first. */
  list(cancel: AbortSignal): Promise<readonly EngineTask[]>;
  /** SIGTERM, SIGKILL after the grace, and removal, without its owner. Resolves once it is gone. */
  stop(task: EngineTask, graceMs: number): Promise<void>;
}

/** What an engine has for all its tasks together; null is "not known". */
export interface EngineCapacity {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
}

/** Something that runs tasks, also several at once. */
export interface Engine {
  readonly facts: EngineFacts;
  readonly capacity: EngineCapacity;
  /** Null where it has no images, networks and clock of its own. */
  readonly diagnosis: EngineDiagnosis | null;
  readonly images: ImageStore | null;
  readonly housekeeping: Housekeeping;
  /** Throws a SandboxFailure where it is known already that it cannot run the task as asked. */
  check(spec: TaskSpec): void;
  /** Null where nobody but their owners knows of the tasks. */
  readonly tasks: TaskBoard | null;
  create(spec: TaskSpec, context: CreateContext): Promise<Sandbox>;
  /** Tries once more what could not be removed when its task was over; answers what is left, and why. */
  removeLeftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Why this engine stands in for another one, where it was not asked for. */
  readonly fallback?: SandboxFailure | null;
  readonly host: string | null;
  readonly context: string | null;
  readonly env: NodeJS.ProcessEnv;
  readonly cancel: AbortSignal;
  /** What killed runs left stays, for whoever wants to see it. */
  readonly keepsLeftovers?: boolean;
  /** The task that comes as soon as there is an engine: what it needs may be looked for meanwhile. */
  readonly upcoming?: TaskSpec | undefined;
}

/** Where no engine was found at any of the usual places. */
export const engineMissingHint =
  'Install or start Docker or Podman, or name the engine with --host or DOCKER_HOST.';

/** What an engine's module exports. */
export interface EngineDriver {
  /** Rejects with `engine-not-found` where there is none, with another SandboxFailure where it refuses. */
  connect(options: ConnectOptions): Promise<Engine>;
  /** The command lines that do the same without us, in order; none where there are none. */
  equivalentCommands(spec: TaskSpec): readonly (readonly string[])[];
}
