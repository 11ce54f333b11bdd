import { fstatSync } from 'node:fs';
import type { Layer } from '../spec/layers.ts';
import type { TaskRequest } from '../spec/resolve-spec.ts';
import { settingNames } from '../spec/settings.ts';
import type { CommandArgs } from './command.ts';
import { settingFlags, taskFlags } from './flags.ts';

/** Flags → TaskRequest: still text, nothing is looked at. */
export function taskRequest(args: CommandArgs): TaskRequest {
  const list = (flag: { name: string }) => asList(args.values[flag.name]);
  return {
    flags: flagLayer(args),
    command: args.rest,
    line: asText(args.values[taskFlags.line.name]),
    environment: list(taskFlags.env),
    environmentFiles: list(taskFlags.envFile),
    volumes: list(taskFlags.volume),
    mounts: list(taskFlags.mount),
    tmpfs: list(taskFlags.tmpfs),
    labels: list(taskFlags.label),
    secrets: list(taskFlags.secret),
    capAdd: list(taskFlags.capAdd),
    securityOpt: list(taskFlags.securityOpt),
    buildArgs: list(taskFlags.buildArg),
    allowNestedDocker: args.values[taskFlags.allowNestedDocker.name] === true,
    keepEntrypoint: args.values[taskFlags.keepEntrypoint.name] === true,
    stdin: args.values[taskFlags.interactive.name] === true || isPiped(0),
    tty: null,
    problems: args.problems,
  };
}

export function flagLayer({ values }: CommandArgs): Layer {
  const layer: Layer = {};
  for (const name of settingNames) {
    const flag = settingFlags[name];
    const value = flag === null ? undefined : values[flag.name];
    if (flag === null || value === undefined) continue;
    layer[name] = { text: String(value), origin: `--${flag.name}` };
  }
  return layer;
}

function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function asList(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

/** A pipe, a socket or a file; neither a terminal nor /dev/null. */
function isPiped(fd: number): boolean {
  try {
    const found = fstatSync(fd);
    return found.isFIFO() || found.isSocket() || found.isFile();
  } catch {
    return false;
  }
}
