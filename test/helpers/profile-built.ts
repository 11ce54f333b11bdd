import { imageLabels } from '../../src/engine/docker/images/image-labels.ts';
import { recipeDigest } from '../../src/spec/profile/recipe.ts';
import { loadProfile } from '../../src/spec/profile/resolve-profile.ts';
import { docker } from './engines.ts';

const areAllPromised = process.env.SANDBOX_TEST_PROFILES === 'all';
const alwaysPromised = ['base', 'builder'];

/** Why the tests of a built-in profile cannot run, or null: none of them builds a large image by the way. */
export async function whyNotBuilt(name: string): Promise<string | null> {
  const isPromised = areAllPromised || alwaysPromised.includes(name);
  if (isPromised) return null;
  const { recipe } = await loadProfile(name, { user: null, project: null });
  const label = `${imageLabels.recipe}=${recipe === null ? '' : recipeDigest(recipe)}`;
  const found = await docker.listImages({ filters: { label: [label] } }).catch(() => []);
  return found.length > 0 ? null : `${name} is not built, SANDBOX_TEST_PROFILES=all builds it`;
}
