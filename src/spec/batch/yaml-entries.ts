import {
  type CST,
  Composer,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  isAlias,
  isMap,
  isScalar,
  isSeq,
} from 'yaml';
import {
  type EntryValue,
  type FileContent,
  type FileEntry,
  type FileProblem,
  emptyEntry,
  mostLevels,
  mostTasks,
  tooDeep,
  tooMany,
} from './file-entry.ts';

/** Of the text that the library takes apart, each about 300 bytes in memory. */
const mostTokens = 4_000_000;
/** With every alias counted as what it stands for. */
const mostValues = 4_000_000;

/** A list of tasks. Scalars are taken as they are written, so that there is no `no` that means false. */
export function yamlEntries(text: string): FileContent {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const refused = (line: number, message: string): FileContent => ({
    entries: [],
    problems: [{ line, subject: '', message }],
  });
  const tokens = tokensOf(text, new Parser(lines.addNewLine));
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if ('reason' in tokens) return refused(lineAt(tokens.offset), tokens.reason);
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false } as const;
  const [document, second] = new Composer(options).compose(tokens.tokens);
  const [error] = document?.errors ?? [];
  if (error) return refused(lineAt(error.pos[0]), `expected YAML: ${error.message}`);
  if (second) return refused(lineAt(second.range[0]), 'expected one document, found a second one');
  const root = document?.contents ?? null;
  if (root === null || (isScalar(root) && root.source === '')) return { entries: [], problems: [] };
  if (!isSeq<Node>(root)) {
    return refused(lineAt(root.range[0]), 'expected a list of tasks, each behind a "-"');
  }
  return contentOf(root.items, lineAt);
}

type Tokens =
  { readonly tokens: readonly CST.Token[] } | { readonly offset: number; readonly reason: string };

/** Bounded while it is read: the library calls itself for each level, and V8 may not survive a full stack. */
function tokensOf(text: string, parser: Parser): Tokens {
  const tokens: CST.Token[] = [];
  const refused = (reason: string) => ({ offset: parser.offset, reason });
  let count = 0;
  for (const source of new Lexer().lex(text)) {
    tokens.push(...parser.next(source));
    count += 1;
    // An entry's levels have two or three tokens each on the stack.
    if (parser.stack.length > 4 * mostLevels) return refused(tooDeep);
    if (count > mostTokens) return refused('it has too many parts; larger files can be JSONL');
  }
  return { tokens: [...tokens, ...parser.end()] };
}

function contentOf(items: readonly Node[], lineAt: (offset: number) => number): FileContent {
  const reader = new NodeReader(lineAt);
  const entries: FileEntry[] = [];
  for (const item of items) {
    const line = lineAt(item.range?.[0] ?? 0);
    if (entries.length >= mostTasks) return { entries, problems: [tooMany(line)] };
    entries.push(reader.entry(item, line));
  }
  return { entries, problems: [] };
}

/** Turns nodes into values, in the order of the file: an alias stands for the last anchor of its name before it. */
class NodeReader {
  readonly #anchors = new Map<string, Node>();
  readonly #lineAt: (offset: number) => number;
  #problems: FileProblem[] = [];
  #keyLines = new Map<string, number>();
  #count = 0;

  constructor(lineAt: (offset: number) => number) {
    this.#lineAt = lineAt;
  }

  entry(node: Node, line: number): FileEntry {
    this.#problems = [];
    this.#keyLines = new Map();
    const value = this.#value(node, { path: '', level: 1, line });
    return { line, value, keyLines: this.#keyLines, problems: this.#problems };
  }

  #value(node: Node | null, place: Place): EntryValue {
    this.#count += 1;
    if (node === null) return null;
    if (place.level > mostLevels) return this.#refuse(place, tooDeep);
    if (this.#count > mostValues) return this.#refuse(place, 'its aliases stand for too much');
    if (isAlias(node)) return this.#alias(node.source, place);
    if (node.tag !== undefined) return this.#refuse(place, `expected no tag, got ${node.tag}`);
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return textOf(node.value, node.type === 'PLAIN');
    if (isMap<Node, Node | null>(node)) return this.#map(node.items, place);
    return isSeq<Node>(node) ? node.items.map((item) => this.#value(item, deeper(place))) : null;
  }

  #alias(name: string, place: Place): EntryValue {
    const node = this.#anchors.get(name);
    if (node) return this.#value(node, deeper(place));
    return this.#refuse(place, `expected an anchor &${name} before the alias *${name}, found none`);
  }

  #map(pairs: readonly Pair<Node, Node | null>[], place: Place): EntryValue {
    const object = emptyEntry();
    for (const { key, value } of pairs) {
      const line = key.range ? this.#lineAt(key.range[0]) : place.line;
      const name = this.#value(key, { ...deeper(place), line });
      if (typeof name !== 'string') {
        this.#refuse({ ...place, line }, 'expected keys that are text');
        continue;
      }
      const below = { ...deeper(place, name), line };
      if (place.level === 1 && line !== place.line) this.#keyLines.set(name, line);
      if (name in object) this.#refuse(below, 'expected each key once');
      object[name] = this.#value(value, below);
    }
    return object;
  }

  #refuse({ path, line }: Place, message: string): null {
    this.#problems.push({ line, subject: path, message });
    return null;
  }
}

interface Place {
  readonly path: string;
  readonly level: number;
  /** Of the key that it belongs to. */
  readonly line: number;
}

function deeper({ path, level, line }: Place, key?: string): Place {
  const below = key === undefined ? path : path === '' ? key : `${path}.${key}`;
  return { path: below, level: level + 1, line };
}

function textOf(value: unknown, isPlain: boolean): string | null {
  const text = typeof value === 'string' ? value : '';
  return isPlain && /^(~|null|Null|NULL|)$/.test(text) ? null : text;
}
