import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from '../../src/cli/cli.ts';
import { commandNames, commands } from '../../src/cli/commands.ts';
import { topHelp } from '../../src/cli/top-help.ts';

async function printed(argv: readonly string[]): Promise<string> {
  const stdout = new PassThrough() as unknown as NodeJS.WriteStream;
  let text = '';
  stdout.write = (chunk: string | Uint8Array) => {
    text += chunk.toString();
    return true;
  };
  const log = console.info;
  console.info = (line: string) => (text += `${line}\n`);
  try {
    const terminal = { stdout, stderr: stdout, env: {} };
    const context = { terminal, stdin: process.stdin, interrupts: () => fail() };
    expect(await runCli(argv, context)).toBe(0);
  } finally {
    console.info = log;
  }
  return text;
}

function fail(): never {
  throw new Error('help needs no interrupts');
}

test('the first help names every command once, under a heading', () => {
  const help = topHelp();
  for (const name of commandNames) {
    const summary = commands[name]?.summary ?? '';
    const lines = help.split('\n').filter((line) => line.startsWith(`  ${name} `));
    expect(lines.filter((line) => line.includes(summary))).toHaveLength(1);
  }
});

test.each(commandNames)(
  '%s has the same help by --help and by help, with its examples',
  async (name) => {
    const words = name.split(' ');
    const help = await printed(['help', ...words]);
    expect(await printed([...words, '--help'])).toBe(help);
    const examples = commands[name]?.examples ?? [];
    expect(examples).not.toEqual([]);
    for (const example of examples) expect(help).toContain(`\n  ${example}\n`);
  },
);
