import type { Problems } from './problems.ts';
import { emptyRecord } from './required.ts';
import type { EffectiveSettings } from './resolve-settings.ts';
import { ownLabelPrefix } from './task-spec.ts';

/** Labels of the container: those of config files and, over them, `NAME=VALUE` or `NAME` of the request. */
export function resolveLabels(
  texts: readonly string[],
  { configFiles }: EffectiveSettings,
  problems: Problems,
): Record<string, string> {
  const labels = emptyRecord();
  for (const file of configFiles) {
    checkNames(Object.keys(file.labels), { origin: `${file.path}: labels`, problems });
    Object.assign(labels, file.labels);
  }
  for (const text of texts) {
    const [name = '', ...value] = text.split('=');
    checkNames([name], { origin: '--label', problems });
    labels[name] = value.join('=');
  }
  return labels;
}

function checkNames(
  names: readonly string[],
  { origin, problems }: { origin: string; problems: Problems },
): void {
  for (const name of names) {
    if (name === '') problems.add(origin, 'expected NAME=VALUE, got an empty name');
    if (!name.startsWith(ownLabelPrefix)) continue;
    problems.add(origin, `names that start with ${ownLabelPrefix} are reserved, got "${name}"`);
  }
}
