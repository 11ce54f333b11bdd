import { SandboxFailure } from '../failure.ts';
import { reportFailure } from '../report/human.ts';
import { jsonText } from '../report/json.ts';
import { table } from '../report/table.ts';
import { currentCaller } from '../spec/host-path.ts';
import { Problems } from '../spec/problems.ts';
import { type EffectiveSettings, resolveSettings } from '../spec/resolve-settings.ts';
import { formatSetting, settingNames, settingOf } from '../spec/settings.ts';
import type { Command } from './command.ts';
import { flagLayer } from './task-request.ts';

/** `sandbox config`: every effective value and where it came from. */
export const config: Command = async (args, { terminal }) => {
  try {
    const problems = new Problems(args.problems);
    for (const word of args.rest) problems.add('config', `expected options only, got "${word}"`);
    const sources = { caller: currentCaller(), ambient: true };
    const settings = await resolveSettings(flagLayer(args), sources, problems);
    problems.throwIfAny('See: sandbox config --help');
    const effective = { ...settings, ...workedOut(settings) };
    terminal.stdout.write(args.values.json === true ? asJson(effective) : asTable(effective));
    return 0;
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    reportFailure(terminal, error);
    return 2;
  }
};

/** Values that have no default of their own, but follow from others. */
function workedOut({
  values,
  origins,
  workspacePath,
  profile,
}: EffectiveSettings): Pick<EffectiveSettings, 'values' | 'origins'> {
  const { uid, gid } = currentCaller();
  const workspace = workspacePath ?? values.workspace;
  const fromProfile = values.image === null && profile !== null;
  return {
    values: {
      ...values,
      workspace,
      image: values.image ?? profile?.image ?? null,
      user: values.user ?? (uid === null ? null : `${uid}:${gid ?? uid}`),
      receiptDir: values.receiptDir ?? `${workspace ?? ''}.receipts`,
    },
    origins: { ...origins, ...(fromProfile ? { image: `profile ${profile.name}` } : {}) },
  };
}

function asJson({ values, origins, configFiles }: EffectiveSettings): string {
  const rows = settingNames.map((name) => [name, { value: values[name], origin: origins[name] }]);
  const files = configFiles.map((file) => file.path);
  return jsonText({ settings: Object.fromEntries(rows) as unknown, files });
}

function asTable({ values, origins, configFiles }: EffectiveSettings): string {
  const rows = settingNames.map((name) => {
    const value = values[name];
    const shown =
      value === null ? `(${settingOf(name).defaultNote ?? 'none'})` : formatSetting(name, value);
    return [name, shown, origins[name]];
  });
  const collections = configFiles.flatMap(({ path, environment, labels, mounts, tmpfs }) => [
    ...Object.keys(environment).map((name) => ['env', name, path]),
    ...Object.entries(labels).map(([name, value]) => ['label', `${name}=${value}`, path]),
    ...mounts.map((mount) => ['mount', mount, path]),
    ...tmpfs.map((mount) => ['tmpfs', mount, path]),
  ]);
  return table(['SETTING', 'VALUE', 'FROM'], [...rows, ...collections]);
}
