import type { Recipe } from '../../../../spec/profile/recipe.ts';
import type { TaskSpec } from '../../../../spec/task-spec.ts';

/** A task whose image has a recipe. */
export type RecipeSpec = TaskSpec & { readonly recipe: Recipe };
