import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { busybox, makeImage, smallSystem } from './made-images.ts';

/** What an engine of one's own may be told, as in daemon.json. */
export interface EngineSettings {
  readonly liveRestore?: boolean;
  /** A directory for its data, such as a small file system; else it is beside everything else. */
  readonly dataRoot?: string;
  readonly addressPools?: readonly { readonly base: string; readonly size: number }[];
}

const programs = ['sleep', 'head', 'tail', 'kill', 'seq', 'yes', 'dd', 'mkdir', 'rm', 'true'];

/**
 * A Docker engine that a test may kill. It has a network namespace of its own: there a second engine cannot take
 * the first one's bridges and rules away. Needs root and dockerd.
 */
export class OwnEngine {
  /** With a shell and the programs that tasks of tests use. */
  static readonly image = 'sandbox-test-small:latest';
  readonly root: string;
  readonly docker: Docker;
  readonly #settings: EngineSettings;
  readonly #netns: ChildProcess;
  #daemon: ChildProcess | null = null;

  private constructor(root: string, netns: ChildProcess, settings: EngineSettings) {
    this.root = root;
    this.#netns = netns;
    this.#settings = settings;
    this.docker = new Docker({ socketPath: this.socketPath });
  }

  static async start(settings: EngineSettings = {}): Promise<OwnEngine> {
    const root = await mkdtemp(join(tmpdir(), 'sandbox-engine-'));
    // It outlives the engine, and so do the engine's networks.
    const netns = spawn('unshare', ['-n', 'sleep', 'infinity'], { stdio: 'ignore' });
    await once(netns, 'spawn');
    const engine = new OwnEngine(root, netns, settings);
    await engine.startDaemon();
    await engine.#loadImage();
    return engine;
  }

  get socketPath(): string {
    return join(this.root, 'docker.sock');
  }

  get host(): string {
    return `unix://${this.socketPath}`;
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** Starts it again after `kill`; resolves when it answers. */
  async startDaemon(): Promise<void> {
    const { liveRestore = false, dataRoot = join(this.root, 'data') } = this.#settings;
    const config = join(this.root, 'daemon.json');
    const pools = this.#settings.addressPools;
    await mkdir(dataRoot, { recursive: true });
    await writeFile(
      config,
      JSON.stringify({
        'live-restore': liveRestore,
        ...(pools ? { 'default-address-pools': pools } : {}),
      }),
    );
    // What a killed one leaves would make it wait for a containerd that is not there any more.
    for (const file of ['pid', 'exec/containerd/containerd.pid'])
      await rm(join(this.root, file), { force: true });
    const log = await open(join(this.root, 'log'), 'a');
    const enter = ['-t', `${this.#netns.pid ?? 0}`, '-n', 'dockerd', '--config-file', config];
    const places = ['--data-root', dataRoot, '--exec-root', join(this.root, 'exec')];
    const names = ['--pidfile', join(this.root, 'pid'), '-H', this.host];
    await this.#netnsIsOwn();
    this.#daemon = spawn('nsenter', [...enter, ...places, ...names], {
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    await this.#answers();
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    const containers = await this.docker.listContainers({ all: true }).catch(() => []);
    await Promise.allSettled(
      containers.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })),
    );
    this.#daemon?.kill('SIGCONT');
    await this.kill('SIGTERM');
    // What a killed engine left: its containerd, the shims of its containers, its mounts.
    await execa('pkill', ['-KILL', '-f', this.root], { reject: false });
    this.#netns.kill('SIGKILL');
    await this.#unmountAll();
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  /** `unshare` enters its namespace after it has been started. */
  async #netnsIsOwn(): Promise<void> {
    const ours = await readlink('/proc/self/ns/net');
    while ((await readlink(`/proc/${this.#netns.pid ?? 0}/ns/net`)) === ours) await pause();
  }

  async #answers(): Promise<void> {
    for (;;) {
      const isThere = await this.docker.ping().then(
        () => true,
        () => false,
      );
      if (isThere) return;
      if (this.#daemon?.exitCode !== null) {
        const log = await readFile(join(this.root, 'log'), 'utf8');
        throw new Error(`dockerd did not start: ${log.slice(-2_000)}`);
      }
      await pause();
    }
  }

  async #loadImage(): Promise<void> {
    if (busybox === null) throw new Error('expected a static busybox (package busybox-static)');
    const files = smallSystem(busybox);
    const links = programs.map((name) => ({ path: `bin/${name}`, link: '/bin/busybox' }));
    await makeImage(OwnEngine.image, [...files, ...links], [], this.host);
  }

  async #unmountAll(): Promise<void> {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const points = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
    for (const point of points.filter((path) => path.startsWith(`${this.root}/`)).reverse())
      await execa('umount', ['-l', point], { reject: false });
  }
}

/** Between two looks at something that announces nothing. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
