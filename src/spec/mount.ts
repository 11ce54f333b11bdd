import { posix } from 'node:path';
import { parseBytes } from './bytes.ts';
import { Expectation } from './expectation.ts';

/** What a user asked to see inside the task, before the source is looked at. */
export interface MountRequest {
  readonly type: 'bind' | 'volume';
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface TmpfsRequest {
  readonly target: string;
  readonly sizeBytes: number | null;
}

const mountForm = 'type=bind|volume,source=…,target=/…[,rw]';

/** `-v SOURCE:TARGET[:ro|rw]`, read-only unless said. A source with a slash or a dot is a path, else a volume. */
export function parseVolume(text: string): MountRequest {
  const [source, target, access, ...rest] = text.split(':');
  if (!source || !target || rest.length > 0 || !isAccess(access)) {
    throw new Expectation('SOURCE:TARGET[:ro|rw] (use --mount for paths with a colon)', text);
  }
  const type = /^[./~]/.test(source) || source.includes('/') ? 'bind' : 'volume';
  return checked({ type, source, target, readOnly: access !== 'rw' }, text);
}

/** `--mount type=bind,source=…,target=…[,rw]` in Docker's syntax: CSV, so a field with a comma is quoted. */
export function parseMount(text: string): MountRequest {
  const fields = new Map(splitCsv(text).map((field) => splitField(field)));
  const take = (...names: string[]) => {
    const name = names.find((candidate) => fields.has(candidate));
    const value = name === undefined ? undefined : fields.get(name);
    for (const alias of names) fields.delete(alias);
    return value;
  };
  const type = take('type') ?? 'volume';
  const source = take('source', 'src');
  const target = take('target', 'destination', 'dst');
  const readOnlyText = take('readonly', 'ro');
  const writableText = take('rw');
  const isKnown = (type === 'bind' || type === 'volume') && fields.size === 0;
  if (!isKnown || !source || !target) throw new Expectation(mountForm, text);
  const readOnly =
    readOnlyText === undefined ? !isTrue(writableText, text) : isTrue(readOnlyText, text);
  return checked({ type, source, target, readOnly }, text);
}

/** `--tmpfs TARGET[:size=SIZE]`. */
export function parseTmpfs(text: string): TmpfsRequest {
  const [target = '', options, ...rest] = text.split(':');
  const size = options === undefined ? undefined : /^size=(.+)$/.exec(options)?.[1];
  if (!isTarget(target) || rest.length > 0 || (options !== undefined && size === undefined)) {
    throw new Expectation('/TARGET or /TARGET:size=64m', text);
  }
  return { target: normalTarget(target), sizeBytes: size === undefined ? null : parseBytes(size) };
}

function checked(mount: MountRequest, text: string): MountRequest {
  if (!isTarget(mount.target)) throw new Expectation('an absolute target path other than /', text);
  const isVolumeName = /^[A-Za-z0-9][A-Za-z0-9_.-]+$/.test(mount.source);
  if (mount.type === 'volume' && !isVolumeName) {
    throw new Expectation('the name of a volume (letters, digits, "_", ".", "-")', text);
  }
  return { ...mount, target: normalTarget(mount.target) };
}

function isTarget(target: string): boolean {
  return (
    target.startsWith('/') && normalTarget(target) !== '/' && !target.split('/').includes('..')
  );
}

/** One spelling for each place, so that what is there already is seen. */
function normalTarget(target: string): string {
  return posix.resolve('/', target);
}

function isAccess(text: string | undefined): boolean {
  return text === undefined || text === 'ro' || text === 'rw';
}

function isTrue(text: string | undefined, whole: string): boolean {
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw new Expectation(mountForm, whole);
}

function splitField(field: string): [string, string] {
  const end = field.indexOf('=');
  return end === -1 ? [field, ''] : [field.slice(0, end), field.slice(end + 1)];
}

/** One line of CSV: a field in double quotes may hold commas, and `""` is a quote. */
function splitCsv(text: string): string[] {
  const fields = text.match(/("([^"]|"")*"|[^,"]*)(,|$)/g)?.map((field) => field.replace(/,$/, ''));
  const joined = fields?.join(',').slice(0, text.length);
  if (!fields || joined !== text)
    throw new Expectation(`${mountForm}, with fields quoted as in CSV`, text);
  if (!text.endsWith(',')) fields.pop();
  return fields.map((field) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
  );
}
