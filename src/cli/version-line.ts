import { toolCommit, toolVersion } from '../version.ts';

export const versionWords: readonly string[] = ['--version', '-v', '-V', 'version'];

/** Of the Node that runs us, too: half of what goes wrong on one machine only depends on it. */
export function versionLine(): string {
  const commit = toolCommit === null ? '' : ` (${toolCommit})`;
  return `sandbox ${toolVersion}${commit}, Node ${process.versions.node}\n`;
}
