import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFailed, onTestFinished, vi } from 'vitest';
import { binPath } from './cli.ts';
import type { Workspace } from './workspace.ts';

/**
 * What a person's terminal has in it: the program under test, and around it what the terminal's modes are before and
 * after. The program's own process writes down who it is before it becomes the program.
 */
const session = `
stty cols "$COLUMNS_AT_FIRST" rows "$ROWS_AT_FIRST"
tty > "$PLACE/tty"
stty -g > "$PLACE/before"
sh -c 'echo $$ > "$PLACE/pid"; exec "$@"' sh "$@"
echo "$?" > "$PLACE/code"
stty -g > "$PLACE/after"
`;

export interface TerminalEnd {
  readonly exitCode: number;
  /** The terminal's modes, as stty(1) writes them down. */
  readonly modes: { readonly before: string; readonly after: string };
}

export interface TerminalSurroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** A command line that the program is started by. */
  readonly under?: readonly string[];
  readonly command?: 'shell' | 'run';
}

/** `sandbox shell`, or another command, on a terminal of its own, which script(1) makes. */
export class TestTerminal {
  readonly #place: string;
  readonly #process;
  #screen = '';
  #seen = 0;

  constructor(
    workspace: Workspace,
    args: readonly string[],
    { env = {}, under = [], command = 'shell' }: TerminalSurroundings = {},
  ) {
    this.#place = workspace.root;
    const words = ['sh', '-c', session, 'sh', ...under, binPath, command, ...args];
    const line = words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(SANDBOX|DOCKER)_/.test(name),
    );
    this.#process = execa('script', ['-qefc', line, '/dev/null'], {
      cwd: workspace.path,
      env: {
        ...Object.fromEntries(inherited),
        ...{ XDG_CONFIG_HOME: '/nonexistent', SHELL: '/bin/sh', TERM: 'xterm', PLACE: this.#place },
        ...{ COLUMNS_AT_FIRST: '91', ROWS_AT_FIRST: '33' },
        ...env,
      },
      extendEnv: false,
      buffer: false,
      reject: false,
    });
    this.#process.stdout.on('data', (chunk: Buffer) => {
      this.#screen += chunk.toString();
    });
    onTestFinished(() => void this.#process.kill('SIGKILL'));
    // A test that waits for ever does not say for what.
    onTestFailed(() => console.error(`The screen at the end: ${JSON.stringify(this.#screen)}`));
  }

  type(keys: string): void {
    this.#process.stdin.write(keys);
  }

  /** Resolves once the text is on the screen, after what was waited for before. */
  async shows(text: string): Promise<void> {
    const { stdout } = this.#process;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        const at = this.#screen.indexOf(text, this.#seen);
        if (at === -1) return;
        this.#seen = at + text.length;
        stdout.off('data', look);
        resolve();
      };
      stdout.on('data', look);
      stdout.once('end', () => reject(new Error(`ended without "${text}": ${this.#screen}`)));
      look();
    });
  }

  get screen(): string {
    return this.#screen;
  }

  /** As a person does who pulls at the window. */
  async resize(columns: number, rows: number): Promise<void> {
    const size = ['cols', String(columns), 'rows', String(rows)];
    await execa('stty', ['-F', await this.#note('tty'), ...size]);
  }

  /** To the program itself. */
  async signal(name: NodeJS.Signals): Promise<void> {
    process.kill(Number(await this.#note('pid')), name);
  }

  /** Resolves once the program stands still. */
  async stopped(): Promise<void> {
    const path = `/proc/${await this.#note('pid')}/stat`;
    const isStopped = async () => / \(.*\) T /.test(await readFile(path, 'utf8'));
    await vi.waitUntil(isStopped, { timeout: 60_000 });
  }

  /** The terminal's modes as they are now, in words. */
  async modes(): Promise<string[]> {
    const { stdout } = await execa('stty', ['-a', '-F', await this.#note('tty')]);
    return stdout.split(/[\s;]+/);
  }

  /** The window is closed. */
  close(): void {
    this.#process.kill('SIGKILL');
  }

  async ended(): Promise<TerminalEnd> {
    await this.#process;
    const [code, before, after] = await Promise.all(
      ['code', 'before', 'after'].map((name) => this.#note(name)),
    );
    return { exitCode: Number(code), modes: { before: before ?? '', after: after ?? '' } };
  }

  async #note(name: string): Promise<string> {
    return (await readFile(join(this.#place, name), 'utf8')).trim();
  }
}
