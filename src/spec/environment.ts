import { quoted, withoutValue } from './found.ts';
import type { Problems } from './problems.ts';
import { ownValue } from './variables.ts';

/**
 * `-e K=V`, and `-e K` for the caller's own value. A variable that the caller does not have is a problem:
 * a task that silently runs without it is worse.
 */
export function parseEnvFlag(text: string, callerEnv: NodeJS.ProcessEnv, problems: Problems) {
  const name = nameOf(text);
  if (!isName(name)) {
    problems.add('--env', `expected NAME=VALUE or NAME, got ${withoutValue(text)}`);
    return {};
  }
  if (name !== text) return { [name]: text.slice(name.length + 1) };
  const value = ownValue(callerEnv, name);
  if (value === undefined) {
    problems.add('--env', `${name} has no value and is not set in your environment; use ${name}=…`);
    return {};
  }
  return { [name]: value };
}

/** A file in Docker's syntax: `K=V` or `K` a line, `#` comments, quotes are part of the value. */
export function parseEnvFile(
  { path, text }: { path: string; text: string },
  callerEnv: NodeJS.ProcessEnv,
  problems: Problems,
): Record<string, string> {
  const environment = Object.create(null) as Record<string, string>;
  const lines = text.split('\n');
  let badLines = 0;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trimStart().replace(/\r$/, '');
    if (line === '' || line.startsWith('#')) continue;
    const mistake = lineMistake(line);
    if (mistake !== null) {
      badLines += 1;
      if (badLines <= mostBadLines) problems.add(`${path}:${index + 1}`, mistake);
      continue;
    }
    const name = nameOf(line);
    // As in Docker, a bare name that the caller does not have is left out.
    const value = name === line ? ownValue(callerEnv, name) : line.slice(name.length + 1);
    if (value !== undefined) environment[name] = value;
  }
  const more = badLines - mostBadLines;
  if (more > 0) problems.add(path, `expected NAME=VALUE, got ${more} more lines that are none`);
  return environment;
}

/** What is no such file may have millions of them. */
const mostBadLines = 20;

function lineMistake(line: string): string | null {
  const name = nameOf(line);
  if (!isName(name) || /\s/.test(name)) return `expected NAME=VALUE, got ${withoutValue(line)}`;
  return line.includes('\0') ? `expected text without NUL as the value of ${name}` : null;
}

export function checkEnvironment(
  environment: Readonly<Record<string, string>>,
  subject: string,
  problems: Problems,
): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!isName(name) || name.includes('=') || value.includes('\0')) {
      problems.add(subject, `expected a variable's name and text without NUL, got ${quoted(name)}`);
    }
  }
}

function nameOf(text: string): string {
  const end = text.indexOf('=');
  return end === -1 ? text : text.slice(0, end);
}

function isName(name: string): boolean {
  return name !== '' && !name.includes('\0');
}
