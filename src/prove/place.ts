import { chmod, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Leftover } from '../engine/engine.ts';
import {
  abandonedDirectories,
  signDirectory,
  sweepDirectories,
} from '../engine/owned-directory.ts';
import { removeTree } from '../engine/remove-tree.ts';
import { runTask } from '../run/run-task.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { currentCaller } from '../spec/host-path.ts';
import type { Layer } from '../spec/layers.ts';
import { emptyRequest, resolveSpec } from '../spec/resolve-spec.ts';
import type { SettingName } from '../spec/settings.ts';
import { createTaskId } from '../spec/task-id.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { ProbeTask } from './probe.ts';
import { randomName } from '../spec/random-name.ts';

/** What a whole battery has in common. */
export interface Battery {
  /** What the caller asked for: engine, image, network, runtime. */
  readonly flags: Layer;
  /** For the build of the profile that was asked for. */
  readonly buildArgs?: readonly string[];
  readonly cancel: AbortSignal;
  readonly force: AbortSignal;
  readonly targets: OutsideTargets;
  /** Once it is known. */
  readonly isSimulated?: boolean;
}

/** Addresses that stand for the world outside, as `[address]:port` or `address:port`. */
export interface OutsideTargets {
  readonly internet: readonly string[];
  readonly nameServers: readonly string[];
  readonly metadata: readonly string[];
}

/** Small, so that what is tried stays cheap; every probe overrides what it is about. */
const commonSettings: Partial<Record<SettingName, string>> = {
  memory: '128m',
  cpus: '1',
  // gVisor's own threads count as well, and it ends when it can start no more.
  pidsLimit: '256',
  timeout: '30s',
  killAfter: '1s',
  workspaceMode: 'rw',
  apply: 'never',
  noManifest: 'true',
  outputLimit: '256k',
  isolation: 'none',
};

const placePrefix = 'sandbox-prove-';

/** Removes the places that killed batteries left. */
export async function sweepPlaces(): Promise<void> {
  await sweepDirectories(tmpdir(), placePrefix);
}

/** The same, not removed yet. */
export async function abandonedPlaces(): Promise<Leftover[]> {
  return await abandonedDirectories(tmpdir(), placePrefix);
}

/** A directory of its own for one probe, with a workspace in it, and the way to run tasks there. */
export class ProbePlace {
  readonly battery: Battery;
  /** Never inside the workspace. */
  readonly root: string;
  readonly workspace: string;
  readonly id = createTaskId();
  /** What nothing else on this machine says. */
  readonly token = `probe-${randomName(8)}`;

  private constructor(battery: Battery, root: string) {
    this.battery = battery;
    this.root = root;
    this.workspace = join(root, 'workspace');
  }

  static async create(battery: Battery): Promise<ProbePlace> {
    const root = await realpath(await mkdtemp(join(tmpdir(), placePrefix)));
    await signDirectory(root);
    const place = new ProbePlace(battery, root);
    await mkdir(place.workspace);
    // Some probes run as another user, whatever the umask is.
    await chmod(place.workspace, 0o777);
    return place;
  }

  get receiptPath(): string {
    return join(this.root, 'receipts', `${this.id}.json`);
  }

  async spec(task: ProbeTask, args: readonly string[], id = this.id): Promise<TaskSpec> {
    const caller = { ...currentCaller(), cwd: this.root };
    const option = task.language === 'perl' ? '-e' : '-c';
    // The word after a shell's program is its $0.
    const words = task.language === 'perl' ? args : ['probe', ...args];
    return await resolveSpec(
      {
        ...emptyRequest,
        flags: { ...this.battery.flags, ...this.#layer(task, id) },
        buildArgs: this.battery.buildArgs ?? [],
        command: [task.language, option, task.program, ...words],
      },
      { caller, ambient: true },
    );
  }

  /** Through the same door as `sandbox run`. */
  async run(spec: TaskSpec, { onStdout = null, cancel = this.battery.cancel }: RunOptions = {}) {
    return await runTask(spec, {
      stdin: null,
      onStdout,
      onStderr: null,
      onEvent: () => undefined,
      cancel,
      force: this.battery.force,
      env: process.env,
    });
  }

  /** Starts a second task and resolves once it has printed `ready`; null where it ended before that. */
  async startTask(task: ProbeTask, args: readonly string[]): Promise<SecondTask | null> {
    const stop = new AbortController();
    const cancel = AbortSignal.any([stop.signal, this.battery.cancel]);
    const spec = await this.spec(task, args, createTaskId());
    let output = '';
    let onReady: () => void = () => undefined;
    const ready = new Promise<true>((resolve) => {
      onReady = () => resolve(true);
    });
    let hasEnded = false;
    const running = this.run(spec, {
      cancel,
      onStdout: (chunk) => {
        output += chunk.toString();
        if (output.includes('\nready\n')) onReady();
      },
    });
    const ended = running.finally(() => {
      hasEnded = true;
    });
    const isReady = await Promise.race([ready, ended.then(() => false)]);
    if (!isReady) return null;
    return {
      output,
      hasEnded: () => hasEnded,
      stop: async () => {
        stop.abort('SIGKILL');
        return await ended;
      },
    };
  }

  async remove(): Promise<void> {
    await removeTree(this.root);
  }

  #layer(task: ProbeTask, id: string): Layer {
    const texts: Partial<Record<SettingName, string>> = {
      ...commonSettings,
      workspace: this.workspace,
      receipt: join(this.root, 'receipts', `${id}.json`),
      id,
      ...task.settings,
      ...(this.battery.isSimulated === true ? {} : task.engineSettings),
    };
    const entries = Object.entries(texts).map(([name, text]) => [name, { text, origin: name }]);
    return Object.fromEntries(entries) as Layer;
  }
}

interface RunOptions {
  readonly onStdout?: ((chunk: Buffer) => void) | null;
  readonly cancel?: AbortSignal;
}

export interface SecondTask {
  /** What it printed until it was ready. */
  readonly output: string;
  readonly hasEnded: () => boolean;
  readonly stop: () => Promise<Receipt>;
}
