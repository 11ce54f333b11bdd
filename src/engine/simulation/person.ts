/** Who the task runs as: the caller, inside as outside. */
export interface Person {
  readonly uid: number;
  readonly gid: number;
}

export function currentPerson(): Person {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
