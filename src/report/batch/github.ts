import { isAbsolute, relative } from 'node:path';
import type { BatchSummary } from '../../receipt/batch-summary.ts';
import type { ReceiptReader } from './receipt-output.ts';
import { countText } from './row-text.ts';
import { type TroubleBlock, troubleBlocks, troublesOf } from './trouble-blocks.ts';

/** GitHub shows no more of one step. */
const mostAnnotations = 10;
const limits = { tasks: 50, linesPerStream: 100, bytesPerTask: 32 * 1024 };

export function isGithub(env: NodeJS.ProcessEnv): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

/**
 * Whatever is printed after this line is no command to the runner, whoever prints it. `token` must be a secret of
 * this process: no task may know it.
 */
export function githubOpening(token: string): string {
  return `::stop-commands::${token}\n`;
}

interface GithubOptions {
  readonly token: string;
  readonly readReceipt: ReceiptReader;
  readonly env: NodeJS.ProcessEnv;
}

/** Takes the opening back, and tells of the tasks that did not pass: a group each, and annotations. */
export async function* githubClosing(
  summary: BatchSummary,
  { token, readReceipt, env }: GithubOptions,
): AsyncGenerator<string> {
  yield `::${token}::\n`;
  const count = troublesOf(summary).length;
  const annotated = count > mostAnnotations ? mostAnnotations - 1 : count;
  let told = 0;
  for await (const block of troubleBlocks(summary, readReceipt, limits)) {
    yield group(block);
    if (told < annotated) yield annotation(block, placeOf(summary, block, env));
    told += 1;
  }
  if (count > told) yield `${logLine(`${countText(count - told)} more tasks did not pass`)}\n`;
  if (count > annotated) {
    const message = `${countText(count - annotated)} more tasks did not pass`;
    yield annotation({ title: message, lines: [] }, {});
  }
}

function group({ title, lines }: TroubleBlock): string {
  return [`::group::${data(title)}`, ...lines.map(logLine), '::endgroup::', ''].join('\n');
}

/** The first lines say what it was; GitHub cuts long ones. */
function annotation(
  { title, lines }: Pick<TroubleBlock, 'title' | 'lines'>,
  place: Readonly<Record<string, string>>,
): string {
  const properties = Object.entries({ ...place, title })
    .map(([name, value]) => `${name}=${property(value)}`)
    .join(',');
  const message = [title, ...lines.slice(0, 1), ...lines.slice(1).slice(-10)].join('\n');
  return `::error ${properties}::${data(message)}\n`;
}

/** Where the task stands in the batch file, so that a change of it is annotated there. */
function placeOf(
  { file }: BatchSummary,
  { row: { line } }: TroubleBlock,
  { GITHUB_WORKSPACE: root }: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  if (file === null || !root) return {};
  const path = relative(root, file);
  if (path.startsWith('..') || isAbsolute(path)) return {};
  return { file: path, ...(line === null ? {} : { line: String(line) }) };
}

/** The runner obeys `::` at the start of a line, also after blanks, and `##[` anywhere. */
function logLine(text: string): string {
  return `| ${text.replaceAll('##[', String.raw`##\x5b`)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
