import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Caller, currentCaller } from '../../../src/spec/host-path.ts';
import { type TaskRequest, resolveSpec } from '../../../src/spec/resolve-spec.ts';
import type { Layer } from '../../../src/spec/layers.ts';
import type { SettingName } from '../../../src/spec/settings.ts';
import type { TaskSpec } from '../../../src/spec/task-spec.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A caller of our own making: a home without config files, and a workspace to stand in. */
export class Surroundings {
  readonly root: string;
  readonly home: string;
  readonly workspace: string;

  private constructor(root: string) {
    this.root = root;
    this.home = join(root, 'home');
    this.workspace = join(root, 'app');
  }

  static async create(): Promise<Surroundings> {
    const surroundings = new Surroundings(await temporaryDirectory());
    await mkdir(surroundings.home);
    await mkdir(surroundings.workspace);
    return surroundings;
  }

  caller(env: NodeJS.ProcessEnv = {}): Caller {
    return { ...currentCaller(), cwd: this.workspace, env: { HOME: this.home, ...env } };
  }

  async writeUserConfig(content: object): Promise<void> {
    const path = join(this.home, '.config/sandbox/sandbox.config.json');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(content));
  }

  async writeProjectConfig(content: object): Promise<void> {
    await writeFile(join(this.workspace, 'sandbox.config.json'), JSON.stringify(content));
  }

  async resolve(
    request: Partial<TaskRequest> = {},
    { env = {}, ambient = true }: { env?: NodeJS.ProcessEnv; ambient?: boolean } = {},
  ): Promise<TaskSpec> {
    return await resolveSpec(
      { ...emptyRequest, ...request },
      { caller: this.caller(env), ambient },
    );
  }
}

const emptyRequest: TaskRequest = {
  flags: {},
  command: ['true'],
  line: null,
  environment: [],
  environmentFiles: [],
  volumes: [],
  mounts: [],
  tmpfs: [],
  labels: [],
  secrets: [],
  capAdd: [],
  securityOpt: [],
  keepEntrypoint: false,
  stdin: false,
  problems: [],
};

/** Settings as text, each with an origin that ends in its name. */
export function layerOf(
  texts: Partial<Record<SettingName, string>>,
  originOf: (name: string) => string = (name) => `--${name}`,
): Layer {
  const rows = Object.entries(texts).map(([name, text]) => [
    name,
    { text, origin: originOf(name) },
  ]);
  return Object.fromEntries(rows) as Layer;
}
