import type { ByteName } from '../engine/byte-name.ts';
import type { Place } from './walk.ts';

/** Relative, without a leading slash; empty for the directory that the walk began in. */
export function pathOf(place: Place): ByteName {
  const names: ByteName[] = [];
  for (let at = place; at.parent; at = at.parent) names.push(at.name);
  return names.reverse().join('/');
}

/** Whether it has at most so many bytes; never costs more than that to find out. */
export function isPathWithin(mostBytes: number, place: Place): boolean {
  let bytes = -1;
  for (let at = place; at.parent; at = at.parent) {
    bytes += at.name.length + 1;
    if (bytes > mostBytes) return false;
  }
  return true;
}

/** For a message; a path of endless depth is cut at its beginning. */
export function shortPathOf(place: Place): ByteName {
  const names: ByteName[] = [];
  let at = place;
  for (; at.parent && names.length < mostNames; at = at.parent) names.push(at.name);
  if (at.parent) names.push('...');
  return names.reverse().join('/');
}

const mostNames = 64;
