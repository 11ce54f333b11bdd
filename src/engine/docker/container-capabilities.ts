import type { SandboxFacts } from '../engine.ts';
import { type Inspection, reportedBy } from './inspection.ts';
import { dockerProduct } from './product.ts';

/** What engines keep unless they are told otherwise; some keep more, none keeps less. */
const keptByDefault = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** True where all capabilities are dropped but those that were asked for; Podman spells `ALL` out. */
export function dropsTheRest(inspection: Inspection): boolean {
  const asked: readonly string[] = inspection.spec.capAdd;
  const host = reportedBy(inspection);
  const [added, dropped] = [plainNames(host.CapAdd), plainNames(host.CapDrop)];
  const isGone = (name: string) => dropped.includes(name) || asked.includes(name);
  const dropsAll = dropped.includes('ALL') || keptByDefault.every(isGone);
  return dropsAll && added.every((name) => asked.includes(name));
}

/**
 * Docker gives what is added to uid 0 only: another uid has it in its bounding set, where it does nothing under
 * no-new-privileges. Podman gives it to any uid and does not tell of it, so there it counts as given.
 */
export function capabilitiesInEffect(inspection: Inspection): string[] {
  const added = plainNames(reportedBy(inspection).CapAdd);
  if (inspection.product !== dockerProduct) {
    return [...new Set([...inspection.spec.capAdd, ...added])];
  }
  const user = inspection.inspected.Config.User;
  // Without no-new-privileges a program that is setuid has them.
  if (inspection.spec.nestedDocker) return added;
  // What a user's name stands for is the image's business.
  const isPowerless = /^\d/.test(user) && !isRoot(user);
  return isPowerless ? [] : added;
}

/** What to tell of `--cap-add` that has no effect; null where it has, or was not asked for. */
export function powerlessWarning({ notEnforced, user }: SandboxFacts): string | null {
  if (!notEnforced.some((name) => name.startsWith('cap-add '))) return null;
  return `--cap-add does nothing for the user ${user ?? '?'}: the engine gives capabilities to uid 0 only (--user 0:0)`;
}

export function isRoot(user: string): boolean {
  return /^(root|0+|)(:|$)/.test(user);
}

/** In capitals and without `CAP_`, which some engines write. */
function plainNames(names: unknown): string[] {
  const list = Array.isArray(names) ? names.map(String) : [];
  return list.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
}
