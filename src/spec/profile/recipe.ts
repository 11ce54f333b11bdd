import * as v from 'valibot';
import { canonicalDigest } from '../canonical-digest.ts';

const text = (description: string) => v.pipe(v.string(), v.description(description));

/** How an image is made: everything that decides what is in it, and nothing of where it is made. */
export const recipeSchema = v.strictObject({
  base: text('The image that it starts from.'),
  packages: v.pipe(v.array(v.string()), v.description("For the base's own package manager.")),
  files: v.array(
    v.strictObject({
      path: text('Where it is in the image.'),
      mode: text('Permissions in octal, such as 0644.'),
      base64: text('What is in it.'),
    }),
  ),
  environment: v.record(v.string(), v.string()),
  setup: v.array(
    v.strictObject({
      description: v.string(),
      command: v.pipe(
        v.array(v.string()),
        v.minLength(1),
        v.description('Run as root, in order, after the packages and files.'),
      ),
    }),
  ),
});

export type Recipe = Readonly<v.InferOutput<typeof recipeSchema>>;

/** Of the recipe alone (hexadecimal SHA-256): two that say the same have the same, whatever they are called. */
export function recipeDigest(recipe: Recipe): string {
  return canonicalDigest(recipe);
}
