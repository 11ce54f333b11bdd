import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { runProgram } from './process.ts';

/** The program that is measured. */
export interface Program {
  readonly path: string;
  /** What `--version` prints. */
  readonly version: string;
  /** The Node that it runs on, as a program of its own. */
  readonly node: string;
  readonly nodeVersion: string;
  /** What is not as it should be for the figures to count. */
  readonly notes: readonly string[];
}

const binary = 'dist/sandbox';
const script = 'bin/sandbox.js';

/** Throws where there is nothing to measure. */
export async function findProgram(asked: {
  readonly program: string | null;
  readonly node: string | null;
}): Promise<Program> {
  const path = resolve(asked.program ?? (existsSync(binary) ? binary : script));
  const version = (await runProgram([path, '--version'], { wantsOutput: true })).stdout.trim();
  const nodeVersion = /Node (\S+)$/.exec(version)?.[1] ?? '?';
  const isFallback = asked.program === null && path.endsWith(script);
  const node = asked.node ?? (await sameNode(nodeVersion));
  return {
    path,
    version,
    node: node ?? process.execPath,
    nodeVersion,
    notes: [
      ...(isFallback ? [`${binary} is not built; ${script} was measured in its place.`] : []),
      ...(node === null ? [otherNode(nodeVersion)] : []),
    ],
  };
}

/** This process's own where it is the one; else npm's platform package of that version, kept in npm's cache. */
async function sameNode(version: string): Promise<string | null> {
  if (version === process.versions.node) return process.execPath;
  const name = `node-${process.platform}-${process.arch}@${version}`;
  const argv = ['npm', 'exec', '--yes', '--package', name, '-c', 'command -v node'];
  const found = await runProgram(argv, { wantsOutput: true }).catch(() => null);
  const path = found?.stdout.trim() ?? '';
  return path !== '' && (await versionOf(path)) === version ? path : null;
}

async function versionOf(node: string): Promise<string> {
  const { stdout } = await runProgram([node, '-p', 'process.versions.node'], { wantsOutput: true });
  return stdout.trim();
}

function otherNode(version: string): string {
  return `Node ${version}, which the program runs on, could not be had by itself; \`node\` is ${process.versions.node}. --node PATH names one.`;
}
