import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, vi } from 'vitest';
import { randomName } from '../../src/spec/random-name.ts';
import { containersOf, describeOn } from './engines.ts';
import { canBeMade, hasNamespaces, withoutBubblewrap } from './simulation.ts';
import { TestTerminal } from './terminal.ts';
import { Workspace } from './workspace.ts';

/** Printed by the shell inside, and in no line that was typed. */
export const ready = 'ready';
const sayReady = "stty -echo; PS1=rea''dy:\r";

const waitMs = { timeout: 60_000 };

interface OpenShell {
  readonly workspace: Workspace;
  readonly terminal: TestTerminal;
  /** In the environment of every process of the task. */
  readonly mark: string;
}

/** Where shells are opened: an engine, and what it has at hand. */
export class ShellPlace {
  readonly level: 'container' | 'namespace' | 'none';
  readonly #under: readonly string[];

  constructor(level: ShellPlace['level'], under: readonly string[] = []) {
    this.level = level;
    this.#under = under;
  }

  get engine(): 'docker' | 'simulation' {
    return this.level === 'container' ? 'docker' : 'simulation';
  }

  /** The same, started by another command line. */
  under(prefix: readonly string[]): ShellPlace {
    return new ShellPlace(this.level, [...this.#under, ...prefix]);
  }

  /** `files` are those of the workspace, with their texts. */
  async open(
    args: readonly string[] = [],
    files: Readonly<Record<string, string>> = {},
  ): Promise<OpenShell> {
    const workspace = await Workspace.create();
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(workspace.path, name), text);
    }
    const mark = `MARK=${randomName(8)}`;
    const on = ['--engine', this.engine, '--network', 'none', '-e', mark, ...args];
    return { workspace, mark, terminal: new TestTerminal(workspace, on, { under: this.#under }) };
  }

  async atPrompt(args: readonly string[] = []): Promise<OpenShell> {
    const opened = await this.open(args);
    await opened.terminal.shows('# ');
    opened.terminal.type(sayReady);
    await opened.terminal.shows(ready);
    return opened;
  }

  /** Resolves once there is neither a container nor a process of the task. */
  async nothingLeft({ workspace, mark }: OpenShell): Promise<void> {
    const { id } = await workspace.receipt();
    const left = async () => [
      ...(this.engine === 'docker' ? await containersOf(id) : []),
      ...(await processesThatCarry(mark)),
    ];
    await vi.waitUntil(async () => (await left()).length === 0, waitMs);
  }
}

const canHide = await canBeMade(withoutBubblewrap);

/** The same suite on every one of them that is here. */
export function describeShell(title: string, suite: (place: ShellPlace) => void): void {
  describeOn('docker', title, () => suite(new ShellPlace('container')));
  describeSimulatedShell(title, suite);
}

export function describeSimulatedShell(title: string, suite: (place: ShellPlace) => void): void {
  describe.skipIf(!hasNamespaces)(`[simulation, namespace] ${title}`, () => {
    suite(new ShellPlace('namespace'));
  });
  describe.skipIf(!canHide)(`[simulation, none] ${title}`, () => {
    suite(new ShellPlace('none', withoutBubblewrap));
  });
}

/** What the processes are called that have a text in their arguments or environment. */
export async function processesThatCarry(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
      const [program, environment] = await Promise.all([read('cmdline'), read('environ')]);
      return program.includes(text) || environment.includes(text) ? [program] : [];
    }),
  );
  return found.flat();
}
