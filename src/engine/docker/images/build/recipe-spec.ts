import { baseArg } from '../../../../spec/profile/build-arg.ts';
import type { Recipe } from '../../../../spec/profile/recipe.ts';
import type { TaskSpec } from '../../../../spec/task-spec.ts';

/** A task whose image has a recipe. */
export type RecipeSpec = TaskSpec & { readonly recipe: Recipe };

/** Such as a mirror's: by which name a base was got makes no other image of it. */
export function baseOf({ recipe, buildArgs }: Pick<RecipeSpec, 'recipe' | 'buildArgs'>): string {
  return buildArgs[baseArg] ?? recipe.base;
}

/** What the steps of a build are given. */
export function passedArgs({ buildArgs }: Pick<RecipeSpec, 'buildArgs'>): Record<string, string> {
  return Object.fromEntries(Object.entries(buildArgs).filter(([name]) => name !== baseArg));
}
