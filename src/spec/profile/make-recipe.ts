import type { FoundProfile } from './find-profile.ts';
import { labelOf } from './profile-chain.ts';
import { unreadableProfile } from './profile-file.ts';
import type { Recipe } from './recipe.ts';

/** Where the image of a profile comes from. */
export type ImageSource =
  | { readonly kind: 'as-it-is'; readonly image: string }
  | { readonly kind: 'built'; readonly recipe: Recipe };

interface Shared {
  readonly shell: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Of profiles that add to each other, the one that everything stands on first. */
export function imageSourceOf(
  links: readonly FoundProfile[],
  { shell, environment }: Shared,
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
  const files = links.flatMap((link) => link.files);
  const recipe = {
    base: base ?? '',
    packages: [...new Set(links.flatMap(({ file }) => file.packages ?? []))],
    // Of two with one path the later stands in for the earlier.
    files: [...new Map(files.map((file) => [file.path, file])).values()],
    environment,
    setup: links.flatMap(({ file }) => file.setup_tasks ?? []).map(stepIn(shell)),
  };
  return { kind: 'built', recipe };
}

function stepIn(shell: string) {
  return ({ description, command }: SetupTask): Recipe['setup'][number] => ({
    description,
    command: typeof command === 'string' ? [shell, '-euc', command] : command,
  });
}

type SetupTask = NonNullable<FoundProfile['file']['setup_tasks']>[number];

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
