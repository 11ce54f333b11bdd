import { readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { deadOwner } from '../engine/abandoned-files.ts';
import type { Leftover } from '../engine/engine.ts';
import { ownSharedDirectory } from '../engine/own-directory.ts';
import { type Owner, currentOwner, isDead, parseOwner } from '../engine/owner.ts';
import { engineNames } from '../spec/choices.ts';
import { readPlantableFile } from '../spec/regular-file.ts';
import { randomName } from '../spec/random-name.ts';

const taskSchema = v.object({
  id: v.string(),
  command: v.array(v.string()),
  engine: v.object({ name: v.picklist(engineNames), address: v.nullable(v.string()) }),
  handle: v.nullable(v.string()),
  startedAtMs: v.number(),
  /** 0 for none. */
  timeoutMs: v.number(),
  killAfterMs: v.number(),
  receiptPath: v.string(),
});

/** A command may have megabytes, and the mark is read as a whole. */
const mostCommandCharacters = 32 * 1024;

/** The beginning of a long one. */
export function markedCommand(command: readonly string[]): string[] {
  let left = mostCommandCharacters;
  const words = command.map((word) => {
    const kept = word.slice(0, left);
    left -= kept.length;
    return kept;
  });
  const end = words.findLastIndex((word) => word !== '') + 1;
  return left > 0 ? words : [...words.slice(0, end), '…'];
}

/** A running task, as the process that runs it tells the others of this user. Without secrets. */
export type MarkedTask = v.InferOutput<typeof taskSchema>;

export interface Mark {
  readonly owner: Owner;
  readonly task: MarkedTask;
  /** Where its owner answers. */
  readonly socketPath: string;
}

/** Where a task's mark and its socket are to be; a name as short as the path of a socket must be. */
export async function newMarkPlace(): Promise<{ markPath: string; socketPath: string }> {
  const directory = await controlDirectory();
  const name = randomName(6);
  return {
    markPath: join(directory, `${name}${markEnding}`),
    socketPath: join(directory, `${name}${socketEnding}`),
  };
}

/** Others see the whole of it or nothing. */
export async function writeMark(markPath: string, task: MarkedTask): Promise<void> {
  const draft = `${markPath}${draftEnding}`;
  await writeFile(draft, JSON.stringify({ ...currentOwner(), task }), { flag: 'wx', mode: 0o600 });
  await rename(draft, markPath);
}

/** Those of this user whose owners are not known to be dead; the oldest first. */
export async function readMarks(): Promise<Mark[]> {
  const directory = await controlDirectory();
  const names = (await readdir(directory)).filter((name) => name.endsWith(markEnding));
  const marks = await Promise.all(names.map((name) => readMark(directory, name)));
  const observer = currentOwner();
  return marks
    .filter((mark) => mark !== null)
    .filter(({ owner }) => !isDead(owner, observer))
    .sort((a, b) => a.task.startedAtMs - b.task.startedAtMs);
}

/** Removes what killed processes left, and never what may be in use. Answers for how many tasks that was. */
export async function sweepControls(): Promise<number> {
  const left = await controlLeftovers();
  await Promise.all(left.map((leftover) => leftover.remove()));
  return left.length;
}

/** Marks and sockets of tasks whose process was killed, each pair as one. */
export async function controlLeftovers(): Promise<Leftover[]> {
  const directory = await controlDirectory();
  const names = await readdir(directory);
  const stems = [...new Set(names.map(stemOf))];
  const found = stems.map(async (stem): Promise<Leftover | null> => {
    const own = names.filter((name) => stemOf(name) === stem);
    const paths = own.map((name) => join(directory, name));
    const markPath = join(directory, `${stem}${markEnding}`);
    if (!(await isLeft(markPath, paths))) return null;
    const remove = async () => {
      await Promise.all(paths.map((path) => unlink(path).catch(() => undefined)));
    };
    return { kind: 'file', name: paths[0] ?? markPath, reason: deadOwner, remove };
  });
  return (await Promise.all(found)).filter((one) => one !== null);
}

const markEnding = '.json';
const socketEnding = '.sock';
const draftEnding = '.draft';

async function controlDirectory(): Promise<string> {
  return await ownSharedDirectory('control');
}

/** Null where it is gone, or cannot be understood. */
async function readMark(directory: string, name: string): Promise<Mark | null> {
  const text = await readPlantableFile(join(directory, name)).catch(() => '');
  const owner = parseOwner(text);
  if (owner === null) return null;
  const { task } = JSON.parse(text) as { task?: unknown };
  const found = v.safeParse(taskSchema, task);
  if (!found.success) return null;
  const socketName = `${stemOf(name)}${socketEnding}`;
  return { owner, task: found.output, socketPath: join(directory, socketName) };
}

async function isLeft(markPath: string, paths: readonly string[]): Promise<boolean> {
  const owner = parseOwner(await readPlantableFile(markPath).catch(() => ''));
  return owner === null ? await areOld(paths) : isDead(owner, currentOwner());
}

/** Without a mark that says whose it is, it was left between two steps that take a moment. */
async function areOld(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
  return found.every((file) => file !== null && Date.now() - file.mtimeMs > 60_000);
}

function stemOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}
