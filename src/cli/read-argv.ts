import { parseArgs } from 'node:util';
import { type Flag, refusedFlags } from '../commands/flags.ts';
import type { Problem } from '../failure.ts';
import { nearestOf } from '../spec/nearest.ts';

/** Values by the flag's long name: text for one that takes a value (the last one wins), a list where it repeats. */
export interface ReadArgs {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** The command: everything from the first word that is no option. */
  readonly rest: readonly string[];
  /** Options that are not known or not used right; the values are those of the others. */
  readonly problems: readonly Problem[];
  /** How many words of the rest may be the values of options that are not known. */
  readonly doubtful: number;
}

/**
 * Reads options up to the first word that is none, as `docker run` and timeout(1) do; nothing after it is ever
 * parsed as ours. What is wrong is answered, not thrown, so that it can be reported with the rest.
 */
export function readArgs(argv: readonly string[], flags: readonly Flag[]): ReadArgs {
  const { head, rest } = splitAtCommand(argv, optionsOf(flags));
  return { ...readOptions(head, flags), rest, doubtful: 0 };
}

/** The same for a command that runs none: options may stand anywhere before `--`. */
export function readMixedArgs(argv: readonly string[], flags: readonly Flag[]): ReadArgs {
  const tokens = tokensOf(argv, optionsOf(flags));
  const rest = tokens.filter((token) => token.kind === 'positional').map(({ value }) => value);
  const doubtful = tokens.filter(
    (token, index) => token.kind === 'positional' && isOpen(tokens[index - 1], flags),
  );
  return { ...readOptions(argv, flags), rest, doubtful: doubtful.length };
}

/** Whether the next word may be the value of this option, which we do not have. */
function isOpen(before: Token | undefined, flags: readonly Flag[]): boolean {
  if (before?.kind !== 'option' || before.value !== undefined) return false;
  return flagOf(before.name, flags) === undefined;
}

function readOptions(
  argv: readonly string[],
  flags: readonly Flag[],
): Pick<ReadArgs, 'values' | 'problems'> {
  const options = optionsOf(flags);
  const found = tokensOf(argv, options).filter((token) => token.kind === 'option');
  const checked = found.map((token) => ({ token, problem: problemOf(token, flags) }));
  // Joined by "=", so that a value which starts with a dash is a value to the strict parser, too.
  const joined = checked
    .filter(({ problem }) => problem === null)
    .map(({ token }) => canonical(token, flags));
  const { values } = parseArgs({ args: joined, options, strict: true });
  return {
    values: values as ReadArgs['values'],
    problems: checked.map(({ problem }) => problem).filter((problem) => problem !== null),
  };
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function optionsOf(flags: readonly Flag[]): Options {
  const options: Options = {};
  for (const { name, short, alias, value, repeatable } of flags) {
    const type = value === undefined ? 'boolean' : 'string';
    const option = { type, multiple: repeatable ?? false } as const;
    options[name] = short ? { ...option, short } : option;
    if (alias) options[alias] = option;
  }
  return options;
}

type Token = ReturnType<typeof tokensOf>[number];

function tokensOf(argv: readonly string[], options: Options) {
  const loose = { options, strict: false, allowPositionals: true, tokens: true } as const;
  return parseArgs({ args: [...argv], ...loose }).tokens;
}

function splitAtCommand(argv: readonly string[], options: Options) {
  const end = tokensOf(argv, options).find((token) => token.kind !== 'option');
  if (!end) return { head: [...argv], rest: [] };
  const afterEnd = end.kind === 'option-terminator' ? end.index + 1 : end.index;
  return { head: argv.slice(0, end.index), rest: argv.slice(afterEnd) };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function problemOf({ name, rawName, value }: OptionToken, flags: readonly Flag[]): Problem | null {
  const flag = flagOf(name, flags);
  if (!flag) {
    const refusal = Object.hasOwn(refusedFlags, name) ? refusedFlags[name] : undefined;
    return { subject: rawName, message: refusal ?? `unknown option${didYouMean(rawName, flags)}` };
  }
  if (flag.value !== undefined && (value === undefined || value === '--')) {
    return {
      subject: rawName,
      message: `expected a value (${flag.value}), got ${value ?? 'none'}`,
    };
  }
  if (flag.value === undefined && value !== undefined) {
    return { subject: rawName, message: `expected no value, got "${value}"` };
  }
  return null;
}

function flagOf(asked: string, flags: readonly Flag[]): Flag | undefined {
  return flags.find(({ name, alias }) => name === asked || alias === asked);
}

/** Under its one long name; `-m=5` is `-m 5`, as in `docker run`. */
function canonical({ name, rawName, value }: OptionToken, flags: readonly Flag[]): string {
  const flag = flags.find(({ alias }) => alias === name);
  const long = `--${flag?.name ?? name}`;
  if (value === undefined) return long;
  return `${long}=${rawName.startsWith('--') ? value : value.replace(/^=/, '')}`;
}

function didYouMean(rawName: string, flags: readonly Flag[]): string {
  const names = flags.flatMap(({ name, alias }) => [name, ...(alias ? [alias] : [])]);
  const nearest = nearestOf(
    rawName,
    names.map((name) => `--${name}`),
  );
  return nearest ? `, did you mean ${nearest}?` : '';
}
