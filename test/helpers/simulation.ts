import { execa } from 'execa';
import { simulationCapability } from '../../src/engine/simulation/simulation-engine.ts';
import { type CliResult, binPath } from './cli.ts';
import { runs } from './programs.ts';
import type { Workspace } from './workspace.ts';

/** What simulation can do here; tests of what it cannot are skipped, unless it was promised. */
export const capability = await simulationCapability(process.env);

const isPromised = (process.env.SANDBOX_TEST_ENGINES ?? '').split(',').includes('simulation');
if (isPromised && capability.level !== 'namespace') {
  throw new Error(`simulation was promised, and ${capability.reason ?? 'it is not there'}`);
}

export const hasNamespaces = capability.level === 'namespace';
export const hasCgroups = hasNamespaces && capability.cgroupReason === null;

/** A mount namespace in which bubblewrap is not installed. */
export const withoutBubblewrap = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'for f in /usr/bin/bwrap /bin/bwrap /usr/local/bin/bwrap; do [ ! -e $f ] || mount --bind /dev/null $f; done; exec "$@"',
  'sh',
];

/** A mount namespace in which another program stands at this path. */
export const inPlaceOf = (path: string, program: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount --bind "$0" "$(readlink -f "$1")" && shift && exec "$@"',
  program,
  path,
];

/** A mount namespace in which nothing tells which processes there are. */
export const withoutProc = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs none /proc && exec "$@"',
  'sh',
];

/** A mount namespace in which /bin/sh keeps a here-document in a file, as some shells do. */
export const withHereDocumentsInFiles = [
  'unshare',
  '--mount',
  'bash',
  '-ec',
  String.raw`
    shell=$(readlink -f /bin/sh)
    [ "$shell" != "$(readlink -f /bin/bash)" ]
    wrapper=$(mktemp)
    printf '#!/bin/bash\nBASH_COMPAT=5.0 exec /bin/bash --posix "$@"\n' > "$wrapper"
    chmod 755 "$wrapper"
    mount --bind "$wrapper" "$shell"
    rm "$wrapper"
    printf 'exec 5<<.\n\n.\n[ ! -p /proc/self/fd/5 ]\n' | /bin/sh
    exec "$@"`,
  'bash',
];

/** A user namespace in which no other can be made. */
export const withoutUserNamespaces = [
  'unshare',
  '--user',
  '--map-root-user',
  '--pid',
  '--fork',
  '--mount',
  '--mount-proc',
  'sh',
  '-c',
  'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"',
  'sh',
];

/** Whether such surroundings can be made here; without root some cannot. */
export async function canBeMade([program = '', ...args]: readonly string[]): Promise<boolean> {
  return await runs(program, [...args, 'true']);
}

/** `sandbox run` in other surroundings: the command line that `prefix` is put before. */
export async function runUnder(
  prefix: readonly string[],
  workspace: Workspace,
  args: readonly string[],
): Promise<CliResult> {
  const [program = '', ...rest] = [...prefix, binPath, 'run', ...args];
  const result = await execa(program, rest, {
    cwd: workspace.path,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' },
    extendEnv: false,
    stripFinalNewline: false,
    input: '',
    reject: false,
  });
  const { exitCode, stdout, stderr } = result;
  const [stdoutBytes, stderrBytes] = [Buffer.from(stdout), Buffer.from(stderr)];
  return { exitCode, stdout, stderr, stdoutBytes, stderrBytes };
}
