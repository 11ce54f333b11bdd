/** A file of accounts in an image, as programs read it that look for a name. */
export interface AccountFile {
  /** With no symlink in it. */
  readonly path: string;
  /** One character for each byte, whatever it is written in. */
  readonly text: string;
}

/** Null where it cannot be read or is not what it should be: then it is left alone. */
export interface Accounts {
  readonly passwd: AccountFile | null;
  readonly group: AccountFile | null;
}

export interface NamedUser {
  /** Null where nobody can tell. */
  readonly name: string | null;
  /** The files that lack a line, with it. */
  readonly changed: readonly AccountFile[];
}

/** `user` as the engine takes it: a name or a number, and perhaps a group after a colon. */
export function nameUser(user: string, { passwd, group }: Accounts, home: string): NamedUser {
  const [person = '', groupAsked] = user.split(':');
  const users = linesOf(passwd);
  const found = users.find(([name, , uid]) => name === person || isSame(uid, person));
  if (!found && !isNumber(person)) return { name: null, changed: [] };
  const uid = String(Number(person));
  const gid = groupAsked ?? found?.[3] ?? '0';
  const name = found ? harmless(found[0]) : freeName(uid, users);
  const line = `${name ?? ''}:x:${uid}:${isNumber(gid) ? Number(gid) : 0}::${homeIn(home)}:/bin/sh`;
  return {
    name,
    changed: [...(found || !passwd ? [] : [withLine(passwd, line)]), ...changedGroup(group, gid)],
  };
}

function changedGroup(group: AccountFile | null, gid: string): AccountFile[] {
  const groups = linesOf(group);
  if (!group || !isNumber(gid) || groups.some(([, , one]) => isSame(one, gid))) return [];
  return [withLine(group, `${freeName(String(Number(gid)), groups)}:x:${Number(gid)}:`)];
}

function linesOf(file: AccountFile | null): string[][] {
  return (file?.text ?? '').split('\n').map((line) => line.split(':'));
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function isSame(listed: string | undefined, asked: string): boolean {
  return (
    listed !== undefined && isNumber(listed) && isNumber(asked) && Number(listed) === Number(asked)
  );
}

function freeName(id: string, lines: readonly string[][]): string {
  const wanted = id === '0' ? 'root' : 'sandbox';
  const isTaken = (name: string) => lines.some(([one]) => one === name);
  return [wanted, `${wanted}-${id}`].find((name) => !isTaken(name)) ?? `${wanted}-${id}-sandbox`;
}

/** An image may call its users anything, and the name becomes a variable. */
function harmless(name: string | undefined): string | null {
  return name !== undefined && /^\w[\w.-]{0,63}\$?$/.test(name) ? name : null;
}

/** Of what a line can hold. */
function homeIn(home: string): string {
  return /^\/[^:\n\0]*$/.test(home) ? Buffer.from(home).toString('latin1') : '/';
}

function withLine({ path, text }: AccountFile, line: string): AccountFile {
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  return { path, text: `${text}${end}${line}\n` };
}
