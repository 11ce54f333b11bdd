import type { FoundProfile } from './find-profile.ts';
import { labelOf } from './profile-chain.ts';
import { refusedProfile, unreadableProfile } from './profile-file.ts';
import type { Recipe } from './recipe.ts';

/** Where the image of a profile comes from. */
export type ImageSource =
  | { readonly kind: 'as-it-is'; readonly image: string }
  | {
      readonly kind: 'built';
      readonly recipe: Recipe;
      /** The name of the last profile that added to the recipe: those above it use the same image. */
      readonly owner: string;
      /** Which files of the host stand in the recipe, by their path in the image. */
      readonly sources: Readonly<Record<string, string>>;
    };

/** Of profiles that add to each other, the one that everything stands on first. */
export function imageSourceOf(
  links: readonly FoundProfile[],
  environment: Readonly<Record<string, string>>,
): ImageSource {
  const start = links.findLast(({ file }) => file.image !== undefined || file.base !== undefined);
  if (!start) {
    throw unreadableProfile(links[0] ? labelOf(links[0]) : '', [
      'expected "base" or "image", or "extends" with a profile that has one',
    ]);
  }
  const { image, base } = start.file;
  if (image !== undefined) {
    refuseAdditions(links, start);
    return { kind: 'as-it-is', image };
  }
  refuseMissing(links);
  // Of two files with one path the later stands in for the earlier.
  const files = new Map(
    links.flatMap((link) => link.files.map((row) => [row.file.path, row] as const)),
  );
  const recipe = {
    base: base ?? '',
    packages: [...new Set(links.flatMap(({ file }) => file.packages ?? []))],
    files: [...files.values()].map(({ file }) => file),
    environment,
    setup: links.flatMap((link, index) => setupOf(link, shellOf(links.slice(0, index + 1)))),
  };
  const owner = links.findLast(addsToRecipe) ?? start;
  const sources = [...files].flatMap(([path, { source }]) =>
    source === null ? [] : [[path, source]],
  );
  return {
    kind: 'built',
    recipe,
    owner: owner.file.name,
    sources: Object.fromEntries(sources) as Record<string, string>,
  };
}

const defaultShell = '/bin/sh';

/** That of the last one that names one. */
export function shellOf(links: readonly FoundProfile[]): string {
  return links.findLast(({ file }) => file.shell !== undefined)?.file.shell ?? defaultShell;
}

/** A task keeps the shell that it was written for, whatever a profile that extends this one prefers. */
function setupOf({ file }: FoundProfile, shell: string): Recipe['setup'] {
  return (file.setup_tasks ?? []).map(({ description, command }) => ({
    description,
    command: typeof command === 'string' ? [shell, '-euc', command] : command,
  }));
}

function addsToRecipe({ file }: FoundProfile): boolean {
  const { base, environment = {} } = file;
  const lists = additions.map((key) => file[key] ?? []);
  const isInList = lists.some((list) => list.length > 0);
  return base !== undefined || isInList || Object.keys(environment).length > 0;
}

const additions = ['packages', 'files', 'setup_tasks'] as const;

/** Said of the later of the two profiles, which is the one that brought them together. */
function refuseAdditions(links: readonly FoundProfile[], start: FoundProfile): void {
  for (const link of links) {
    const keys = additions.filter((key) => (link.file[key] ?? []).length > 0);
    if (keys.length === 0) continue;
    const named = keys.map((key) => `"${key}"`).join(', ');
    const image = start.file.image ?? '';
    const isLater = links.indexOf(start) > links.indexOf(link);
    const problem = isLater
      ? `"image": expected "base", since ${labelOf(link)} has ${named}, got an image that is used as it is`
      : `${named}: expected "base" with it, got the image ${image}, which is used as it is`;
    throw unreadableProfile(labelOf(isLater ? start : link), [problem]);
  }
}

/** Every source that cannot be had, of all of them. */
function refuseMissing(links: readonly FoundProfile[]): void {
  const problems = links.flatMap((link) =>
    link.missing.map((message) => ({ subject: labelOf(link), message })),
  );
  const [first] = problems;
  if (first) throw refusedProfile(first.subject, problems);
}
