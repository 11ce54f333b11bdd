import { required } from './required.ts';
import type { EffectiveSettings } from './resolve-settings.ts';
import type { TerminalSize } from './task-spec.ts';

/** Constant: the shell to prefer comes as an argument. Only the image itself knows which shells it has. */
const script = '[ -x "$1" ] && exec "$1"; exec /bin/sh';

/** The shell that is used at a terminal: the one named or bash where the image has it, else its /bin/sh. */
export function interactiveShell(preferred: string | null): string[] {
  return ['/bin/sh', '-c', script, 'sandbox', preferred ?? '/bin/bash'];
}

/** The shell that such a command prefers; null where it is another command. */
export function namedShellOf(command: readonly string[]): string | null {
  const named = command[4];
  if (named === undefined) return null;
  const own = interactiveShell(named);
  const isOwn = command.length === own.length && own.every((word, at) => word === command[at]);
  return isOwn ? named : null;
}

/**
 * Somebody at a terminal expects it to stay: only who sets a deadline gets one. Those of the defaults and of the
 * built-in profiles are meant for commands.
 */
export function timeoutOf(
  { tty }: { readonly tty: TerminalSize | null },
  { values, origins, profile }: EffectiveSettings,
): number {
  const shipped = ['default', profile?.settings.builtIn.timeout?.origin];
  return tty && shipped.includes(origins.timeout) ? 0 : required(values.timeout);
}
