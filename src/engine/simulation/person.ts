import { userInfo } from 'node:os';

/** Who the task runs as: the caller, inside as outside. */
export interface Person {
  readonly uid: number;
  readonly gid: number;
}

/** What a task in a sandbox of its own is called: the caller's name is nobody's business there. */
export function taskName({ uid }: Person): string {
  return uid === 0 ? 'root' : 'sandbox';
}

/** What programs ask for before they look for the uid's name. */
export function nameVariables(name: string | null): Record<string, string> {
  return name === null ? {} : { USER: name, LOGNAME: name };
}

/** As this host calls the caller; null where it does not know the uid. */
export function callersName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}

export function currentPerson(): Person {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
