import { currentCaller } from '../spec/host-path.ts';
import type { Problems } from '../spec/problems.ts';
import { type ProfilePlaces, profilePlaces } from '../spec/profile/find-profile.ts';
import { resolveSettings } from '../spec/resolve-settings.ts';
import type { CommandArgs } from './command.ts';
import { flagLayer } from './task-request.ts';

/** Where profiles are looked for, as a run would, whatever profile is chosen. */
export async function askedPlaces(args: CommandArgs, problems: Problems): Promise<ProfilePlaces> {
  const caller = currentCaller();
  const flags = { ...flagLayer(args), profile: { text: 'base', origin: 'profile' } };
  const sources = { caller, ambient: true, hasTask: false };
  const { workspacePath } = await resolveSettings(flags, sources, problems);
  return profilePlaces(caller.env, workspacePath);
}
