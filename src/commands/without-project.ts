import { currentCaller } from '../spec/host-path.ts';
import type { Layer } from '../spec/layers.ts';
import type { Problem } from '../failure.ts';
import type { Problems } from '../spec/problems.ts';
import { type AskedPlace, askedPlace } from '../spec/receipt-path.ts';
import { resolveBuild } from '../spec/resolve-build.ts';
import { type Sources, resolveSettings } from '../spec/resolve-settings.ts';
import type { SettingName } from '../spec/settings.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { flagLayer } from './task-request.ts';

interface Asked {
  /** Such as `ps`. */
  readonly command: string;
  readonly problems: readonly Problem[];
}

/** Which engine is meant by a command that runs nothing; nothing else of the spec is looked at. */
export async function engineSpec(
  args: CommandArgs,
  { command, problems }: Asked,
): Promise<TaskSpec> {
  const hint = `See: sandbox ${command} --help`;
  const request = { flags: lookingFlags(args), buildArgs: [], problems, hint };
  return await resolveBuild(request, sourcesOf(leadingToEngine));
}

/** Where runs from here leave their receipts; null where that is among the problems. */
export async function receiptPlace(
  args: CommandArgs,
  problems: Problems,
): Promise<AskedPlace | null> {
  return await askedPlace(await settingsHere(args, problems), problems);
}

/** What stands for runs from here, as far as a project has no say in it. */
export async function settingsHere(args: CommandArgs, problems: Problems) {
  const sources = { ...sourcesOf(leadingToReceipts), hasTask: false };
  const settings = await resolveSettings(lookingFlags(args), sources, problems);
  return { settings, caller: sources.caller };
}

/**
 * A project's file decides on none of these. A task may have written it, and must not keep anyone from looking after
 * what runs; no more must a setting that is for tasks only.
 */
const leadingToEngine = ['engine', 'host', 'context'] as const;
const leadingToReceipts = ['workspace', 'receipt', 'receiptDir'] as const;

function sourcesOf(only: readonly SettingName[]): Sources {
  return { caller: currentCaller(), ambient: true, only };
}

/** Whatever profile is chosen: it may be broken. */
function lookingFlags(args: CommandArgs): Layer {
  return { ...flagLayer(args), profile: { text: 'base', origin: 'profile' } };
}
