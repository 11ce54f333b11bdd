import { readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { randomName } from '../../spec/random-name.ts';
import { ownTemporaryDirectory } from '../own-directory.ts';

const provenSchema = v.strictObject({
  key: v.string(),
  version: v.string(),
  features: v.strictObject({ disableUserns: v.boolean(), tmpfsSize: v.boolean() }),
});

/** What was found out by trying bubblewrap. */
export type Proven = Omit<v.InferOutput<typeof provenSchema>, 'key'>;

/**
 * That bubblewrap worked for this user, as long as nothing has changed that decides it. To try it takes as long as
 * a short task, and a task that then fails to start says so and makes the next one try again.
 */
export class ProvenOnce {
  readonly #path: string;
  readonly #key: string;

  private constructor(path: string, key: string) {
    this.#path = path;
    this.#key = key;
  }

  /** Null where there is no place of our own to keep it. */
  static async open(program: string): Promise<ProvenOnce | null> {
    try {
      const directory = await ownTemporaryDirectory();
      return new ProvenOnce(join(directory, 'bubblewrap.json'), circumstances(program));
    } catch {
      return null;
    }
  }

  recall(): Proven | null {
    try {
      const said = v.parse(provenSchema, JSON.parse(readFileSync(this.#path, 'utf8')));
      return said.key === this.#key ? { version: said.version, features: said.features } : null;
    } catch {
      return null;
    }
  }

  /** In one step, since others may be reading it. A full disk is no reason not to run. */
  remember({ version, features }: Proven): void {
    const draft = `${this.#path}.${randomName(6)}`;
    try {
      const text = JSON.stringify({ key: this.#key, version, features });
      writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
      renameSync(draft, this.#path);
    } catch {
      rmSync(draft, { force: true });
    }
  }

  forget(): void {
    rmSync(this.#path, { force: true });
  }
}

/** Settings of the kernel and of its security modules that allow or forbid what bubblewrap does. */
const settings = [
  '/proc/sys/kernel/random/boot_id',
  '/proc/sys/kernel/unprivileged_userns_clone',
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
  '/proc/sys/user/max_user_namespaces',
  '/proc/sys/user/max_mnt_namespaces',
  '/proc/sys/user/max_pid_namespaces',
  '/proc/sys/user/max_net_namespaces',
  '/proc/self/attr/current',
];

function circumstances(program: string): string {
  const { dev, ino, size, mode, uid, mtimeNs, ctimeNs } = statSync(program, { bigint: true });
  const file = [program, dev, ino, size, mode, uid, mtimeNs, ctimeNs].map(String);
  const spaces = ['user', 'mnt', 'pid', 'net'].map((name) => readlinkSync(`/proc/self/ns/${name}`));
  const values = [...file, ...spaces, ...settings.map(textOf), ...ownRights()];
  return JSON.stringify(values);
}

/** Ids, capabilities, seccomp and no-new-privileges of this process. */
function ownRights(): string[] {
  const rights = /^(Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp\w*):/;
  return textOf('/proc/self/status')
    .split('\n')
    .filter((line) => rights.test(line));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}
