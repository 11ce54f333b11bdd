import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { putReceipt, receiptOf } from '../unit/support/receipt-files.ts';

/** Skipped where the shell is not installed, except in CI, where setup.sh promises it. */
async function isMissing(shell: string): Promise<boolean> {
  const { failed } = await execa(shell, ['-c', 'true'], { reject: false });
  return failed && process.env.CI !== 'true';
}

let root: string;
let script: string;

async function installFor(shell: string): Promise<() => Promise<void>> {
  root = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  script = join(root, shell);
  const printed = await runCli(['completion', shell], { cwd: root });
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' });
  await writeFile(script, printed.stdout);
  await writeFile(join(root, 'tasks.jsonl'), '');
  vi.stubEnv('PATH', `${root}/bin:${process.env.PATH}`);
  vi.stubEnv('SANDBOX_RECEIPT_DIR', join(root, 'receipts'));
  await mkdir(join(root, '.sandbox/profiles'), { recursive: true });
  await writeFile(
    join(root, '.sandbox/profiles/docs-of-mine.json'),
    '{"name": "docs-of-mine", "description": "x", "extends": "base"}',
  );
  await writeFile(join(root, '.sandbox/profiles/docs-broken.json'), '{');
  await mkdir(join(root, 'bin'));
  await symlink(join(import.meta.dirname, '../../bin/sandbox.js'), join(root, 'bin/sandbox'));
  await putReceipt(join(root, 'receipts'), receiptOf('nightly-7'));
  await putReceipt(join(root, 'receipts'), receiptOf('$(touch expanded)'));
  return () => rm(root, { recursive: true });
}

// As it is typed, up to where Tab is pressed; and some of what must be offered.
const offered: readonly [string, readonly string[]][] = [
  ['sandbox ba', ['batch']],
  ['sandbox image bu', ['build']],
  ['sandbox run --mem', ['--memory']],
  ['sandbox run --engine ', ['auto', 'docker', 'simulation']],
  ['sandbox run --engine=do', ['docker']],
  ['sandbox run --profile docs', ['docs-of-mine']],
  ['sandbox run --profile=bui', ['builder']],
  ['sandbox batch tasks.jsonl --profile bas', ['base']],
  ['sandbox profile show bui', ['builder']],
  ['sandbox image build bui', ['builder']],
  ['sandbox run -m 1g --isolation gv', ['gvisor']],
  ['sandbox batch ta', ['tasks.jsonl']],
  ['sandbox run -- mkfif', ['mkfifo']],
  ['sandbox run -- cat tas', ['tasks.jsonl']],
  ['sandbox receipt show night', ['nightly-7']],
  ['sandbox help receipt st', ['stats']],
  ['sandbox completion ', ['bash', 'zsh', 'fish']],
];

describe('completion in bash', () => {
  beforeAll(() => installFor('bash'));

  test.each(offered)('%s', async (typed, wanted) => {
    // As bash breaks it: `=` is a word of its own.
    const words = typed.split(/ |(?==)|(?<==)/);
    const lines = [
      `source ${script}`,
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
      `COMP_CWORD=${words.length - 1}`,
      '_sandbox',
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const { stdout } = await execa('bash', ['--norc', '-euc', lines.join('\n')], {
      cwd: root,
    });
    expect(stdout.split('\n')).toEqual(expect.arrayContaining([...wanted]));
  });

  test('nothing of ours is offered for words of the command that runs', async () => {
    const lines = [
      `source ${script}`,
      'COMP_WORDS=(sandbox run -- make --mem) COMP_CWORD=4; _sandbox; printf \'%s\' "${COMPREPLY[*]}"',
    ];
    const { stdout } = await execa('bash', ['--norc', '-c', lines.join('\n')], {
      cwd: root,
    });
    expect(stdout).toBe('');
  });
});

describe.skipIf(await isMissing('fish'))('completion in fish (skipped where it is missing)', () => {
  beforeAll(() => installFor('fish'));

  test.each(offered)('%s', async (typed, wanted) => {
    const { stdout } = await execa(
      'fish',
      ['-N', '-c', `source ${script}; complete -C'${typed}'`],
      {
        cwd: root,
        env: { HOME: root },
      },
    );
    const words = stdout.split('\n').map((line) => line.split('\t')[0]?.replace(/^--\w+=/, ''));
    expect(words).toEqual(expect.arrayContaining([...wanted]));
  });
});

describe.skipIf(await isMissing('zsh'))('completion in zsh (skipped where it is missing)', () => {
  beforeAll(() => installFor('zsh'));

  // A key is pressed in a real one: what is typed is completed where only one word fits.
  test.each(offered.filter(([, words]) => words.length === 1))(
    '%s',
    async (typed, [wanted = '']) => {
      const begun = / ?([^ =]*)$/.exec(typed)?.[1] ?? '';
      const lines = [
        'zmodload zsh/zpty',
        'zpty shell zsh -f -i',
        `zpty -w shell "PS1=; autoload -U compinit; compinit -u -d ${root}/dump; source ${script}; echo READY\${PS2:-}Y"`,
        "zpty -r shell out '*READY*READY*'",
        `zpty -w -n shell '${typed}'$'\\t'`,
        `zpty -r shell out '*${typed}*${wanted.slice(begun.length)}*'`,
        'print -r -- "$out"',
        'zpty -d shell',
      ];
      const { stdout } = await execa('zsh', ['-f', '-c', lines.join('\n')], {
        cwd: root,
        timeout: 20_000,
        env: { TERM: 'dumb' },
      });
      expect(stdout).toContain(wanted.slice(begun.length));
    },
  );
});
