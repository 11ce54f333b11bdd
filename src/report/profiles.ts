import type { ListedProfile } from '../spec/profile/list-profiles.ts';
import { type ProfileSetting, profileKeys } from '../spec/profile/profile-file.ts';
import { type Recipe, recipeDigest } from '../spec/profile/recipe.ts';
import type { Profile } from '../spec/profile/resolve-profile.ts';
import { contentLines } from './content-lines.ts';
import { shellLine } from './shell-quote.ts';
import { table } from './table.ts';
import { sha256 } from '../spec/sha256.ts';

type RecipeFile = Recipe['files'][number];

const origins = { 'built-in': 'built in', user: 'your own', project: 'project' } as const;

/** One line each; what is wrong with one follows it. */
export function profileTable(rows: readonly ListedProfile[]): string {
  const cells = rows.map(({ name, origin, state, description, problems }) => [
    name,
    origins[origin],
    state === 'refused' ? `refused: ${problems.join('; ')}` : noted(description ?? '', state),
  ]);
  return table(['NAME', 'ORIGIN', 'DESCRIPTION'], cells);
}

/** What may follow `--profile`, a line each. */
export function profileNames(rows: readonly ListedProfile[]): string {
  const usable = rows.filter(({ state }) => state === 'usable');
  return usable.map(({ name }) => `${name}\n`).join('');
}

function noted(description: string, state: ListedProfile['state']): string {
  return state === 'shadowed' ? `(shadowed by your own) ${description}` : description;
}

/** Everything that a run would take from it. */
export function profileText(profile: Profile): string {
  const rows = [
    ['name', profile.name],
    ['description', profile.description],
    ['origin', profile.path ?? origins[profile.origin]],
    ...(profile.chain.length > 1 ? [['extends', profile.chain.slice(1).join(' → ')]] : []),
    ...imageRows(profile),
    ['shell', profile.shell],
    ...Object.entries(profile.environment).map(([name, value]) => ['variable', `${name}=${value}`]),
    ...settingRows(profile).map(({ name, text, origin }) => [name, `${text}  (${origin})`]),
  ];
  return table(['KEY', 'VALUE'], rows);
}

function imageRows({ image, recipe, sources }: Profile): string[][] {
  if (recipe === null) return [['image', `${image}, used as it is`]];
  return [
    ['image', `${image}, built where it is missing`],
    ['recipe', recipeDigest(recipe)],
    ['base', recipe.base],
    ...(recipe.packages.length > 0 ? [['packages', recipe.packages.join(' ')]] : []),
    ...recipe.files.flatMap((file) => fileRows(file, sources[file.path])),
    ...recipe.setup.map(({ description, command }) => [
      'setup task',
      `${description}: ${shellLine(command)}`,
    ]),
  ];
}

/** With what is in it: whoever wants to know what a setup task does has to read what it runs. */
function fileRows({ path, mode, base64 }: RecipeFile, source?: string): string[][] {
  const bytes = Buffer.from(base64, 'base64');
  const from = source === undefined ? '' : `, from ${source}`;
  return [
    ['file', `${path} (${mode}), ${bytes.length} bytes${from}`],
    ...contentLines(bytes).map((line) => ['', `  | ${line}`]),
  ];
}

/** By the profile's own names for them. */
function settingRows({ settings }: Profile) {
  return Object.entries({ ...settings.builtIn, ...settings.own }).map(
    ([name, { text, origin }]) => ({ name: shortKey(name as ProfileSetting), text, origin }),
  );
}

function shortKey(name: ProfileSetting): string {
  return profileKeys[name].replace(/^resources\./, '');
}

export function profileJson(profile: Profile): unknown {
  const { name, description, origin, path, chain, image, recipe, shell, environment } = profile;
  const { sources } = profile;
  const settings = settingRows(profile).map((row) => [
    row.name,
    { value: row.text, origin: row.origin },
  ]);
  const built = recipe && {
    digest: recipeDigest(recipe),
    ...recipe,
    files: recipe.files.map((file) => describeFile(file, sources[file.path])),
  };
  return {
    ...{ name, description, origin, path, chain, image },
    recipe: built,
    ...{ shell, environment, settings: Object.fromEntries(settings) as unknown },
  };
}

function describeFile({ path, mode, base64 }: RecipeFile, source: string | null = null) {
  const bytes = Buffer.from(base64, 'base64');
  const digest = sha256().update(bytes).digest('hex');
  return { path, mode, bytes: bytes.length, sha256: digest, source };
}
