import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Caller, currentCaller } from '../../../src/spec/host-path.ts';
import { type TaskRequest, emptyRequest, resolveSpec } from '../../../src/spec/resolve-spec.ts';
import type { Layer } from '../../../src/spec/layers.ts';
import type { ProfilePlaces } from '../../../src/spec/profile/find-profile.ts';
import type { ProfileFile } from '../../../src/spec/profile/profile-schema.ts';
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

  get userProfiles(): string {
    return join(this.home, '.config/sandbox/profiles');
  }

  get projectProfiles(): string {
    return join(this.workspace, '.sandbox/profiles');
  }

  get places(): ProfilePlaces {
    return { user: this.userProfiles, project: this.projectProfiles };
  }

  /** A profile of the caller's own or of the project, with what it cannot do without filled in. */
  async writeProfile(place: 'user' | 'project', content: Partial<ProfileFile>): Promise<string> {
    const directory = place === 'user' ? this.userProfiles : this.projectProfiles;
    const { name = 'mine' } = content;
    const path = join(directory, `${name}.json`);
    await mkdir(directory, { recursive: true });
    const start = content.image ?? content.base ?? content.extends;
    const filled = { name, description: 'x', ...(start ? {} : { image: 'debian' }), ...content };
    await writeFile(path, JSON.stringify(filled));
    return path;
  }

  async resolve(
    changes: Partial<TaskRequest> = {},
    { env = {}, ambient = true }: { env?: NodeJS.ProcessEnv; ambient?: boolean } = {},
  ): Promise<TaskSpec> {
    return await resolveSpec({ ...request, ...changes }, { caller: this.caller(env), ambient });
  }
}

const request: TaskRequest = { ...emptyRequest, command: ['true'] };

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
