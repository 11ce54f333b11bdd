import { capabilitiesInEffect, isRoot } from './container-capabilities.ts';
import {
  type Inspection,
  reportedBy,
  securityOptionsInVain,
  securityOptionsOf,
} from './inspection.ts';
import { asksForSeccomp } from './security-options.ts';

/** What the caller opened that is closed by default, read back from the engine. */
export function loosened(inspection: Inspection): string[] {
  const { spec } = inspection;
  const host = reportedBy(inspection);
  const inVain = securityOptionsInVain(inspection);
  return [
    ...(spec.nestedDocker ? ['nested-docker'] : []),
    ...capabilitiesInEffect(inspection).map((name) => `cap-add ${name}`),
    ...(spec.writableRoot && host.ReadonlyRootfs !== true ? ['writable-root'] : []),
    ...(isRootAskedFor(inspection) ? ['user root'] : []),
    ...securityOptionsOf(host)
      .filter((option) => !option.startsWith('no-new-privileges') && !inVain.includes(option))
      .filter((option) => !isOwnFilter(option, spec))
      .map((option) => `security-opt ${nameOf(option, spec.securityOpt)}`),
  ];
}

/** A root caller's own uid is 0 as well: that is the receipt's `user`, and nothing that was opened. */
function isRootAskedFor({ inspected, spec, info }: Inspection): boolean {
  if (spec.user === null || info.rootless === true) return false;
  return isRoot(inspected.Config.User);
}

/** Where nobody asked for a filter, one that is there is ours, in place of a looser one. */
function isOwnFilter(option: string, { securityOpt }: Inspection['spec']): boolean {
  const isFilter = option.startsWith('seccomp=') && option !== 'seccomp=unconfined';
  return isFilter && !asksForSeccomp(securityOpt);
}

/** A profile comes back as its text: the name of its file says more. */
function nameOf(option: string, asked: readonly string[]): string {
  if (!option.startsWith('seccomp=') || option === 'seccomp=unconfined') return option;
  return asked.find((one) => one.startsWith('seccomp=/')) ?? 'seccomp=…';
}
