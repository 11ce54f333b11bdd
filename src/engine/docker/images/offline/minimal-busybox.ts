import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { SandboxFailure } from '../../../../failure.ts';
import { elfFacts } from './minimal-elf.ts';

export interface Busybox {
  readonly program: Buffer;
  /** Where its applets belong, such as `bin/sh`. */
  readonly links: readonly string[];
}

const usualFolders = [
  '/bin',
  '/usr/bin',
  '/sbin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/lib/busybox',
];

/** A static busybox of this host for the engine's architecture (in Go's words), and what it can stand for. */
export async function findBusybox(architecture: string, env: NodeJS.ProcessEnv): Promise<Busybox> {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  const names = ['busybox', 'busybox-static', 'busybox.static'];
  const paths = [...folders, ...usualFolders].flatMap((folder) =>
    names.map((name) => join(folder, name)),
  );
  const refused: string[] = [];
  for (const path of new Set(paths)) {
    const program = await readProgram(path);
    if (program === null) continue;
    const problem = whyUnusable(program, architecture);
    if (problem === null) return { program, links: await linksOf(path) };
    refused.push(`${path} ${problem}`);
  }
  throw noBusybox(architecture, refused);
}

async function readProgram(path: string): Promise<Buffer | null> {
  try {
    await access(path, constants.X_OK);
    return await readFile(path);
  } catch {
    return null;
  }
}

/** Null where it runs in an image that has nothing else in it. */
function whyUnusable(program: Buffer, architecture: string): string | null {
  const facts = elfFacts(program);
  if (facts === null) return 'is no program';
  if (!facts.isStatic) return 'is not static';
  if (facts.architecture !== architecture)
    return `is for ${facts.architecture ?? 'another machine'}`;
  return null;
}

async function linksOf(path: string): Promise<string[]> {
  const { execa } = await import('execa');
  const list = async (option: string) => await execa(path, [option], { reject: false });
  const full = await list('--list-full');
  const listed = full.exitCode === 0 ? full : await list('--list');
  const names = listed.stdout.split('\n').filter((name) => /^[\w./[-]+$/.test(name));
  return names.map((name) => (name.includes('/') ? name : `bin/${name}`));
}

function noBusybox(architecture: string, refused: readonly string[]): SandboxFailure {
  const found = refused.length === 0 ? 'none' : refused.join(', ');
  return new SandboxFailure(
    'image-build-failed',
    `expected a static busybox for ${architecture} on this host to make a minimal image of, found ${found}`,
    {
      hint: 'Install it (Debian: apt-get install busybox-static; Alpine: apk add busybox-static), or bring an image with `sandbox image load FILE.tar`.',
    },
  );
}
