import type { Secret } from '../spec/secret.ts';
import { Unfolded } from './unfolded.ts';
import { type SecretForm, secretForms } from './secret-forms.ts';

interface Pattern extends SecretForm {
  readonly marker: Buffer;
}

/** What must be left out: from `start` up to `end`, in bytes. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly marker: Buffer;
  /** Its marker stands there already: it began in what was passed on before. */
  readonly continued: boolean;
}

/** Replaces secrets by `[secret:NAME]`, in whatever form and wherever a stream is cut. */
export class Redactor {
  readonly #patterns: readonly Pattern[];

  constructor(secrets: readonly Secret[]) {
    this.#patterns = secrets.flatMap(({ name, value }) =>
      secretForms(value).map((form) => ({ ...form, marker: Buffer.from(`[secret:${name}]`) })),
    );
  }

  stream(): RedactingStream {
    return new RedactingStream(this.#patterns);
  }

  text(text: string): string {
    return this.bytes(Buffer.from(text)).toString();
  }

  bytes(bytes: Buffer): Buffer {
    const stream = this.stream();
    return Buffer.concat([stream.write(bytes), stream.end()]);
  }
}

/** Holds back only what may be the beginning of a secret, so its memory is bounded by the longest one. */
export class RedactingStream {
  readonly #patterns: readonly Pattern[];
  #pending = Buffer.alloc(0);
  /** So many bytes at the beginning of what is pending belong to a secret that is replaced already. */
  #covered = 0;
  #count = 0;

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
  }

  /** How many secrets were replaced so far. */
  get count(): number {
    return this.#count;
  }

  write(chunk: Buffer): Buffer {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const view = new View(bytes);
    return this.#pass(view, this.#heldFrom(view));
  }

  end(): Buffer {
    return this.#pass(new View(this.#pending), this.#pending.length);
  }

  /** Everything before `cut` with its secrets replaced; the rest is pending. */
  #pass(view: View, cut: number): Buffer {
    const { bytes } = view;
    const parts: Buffer[] = [];
    let position = 0;
    let covered = 0;
    for (const span of this.#spans(view)) {
      if (span.start >= cut && !span.continued) break;
      parts.push(bytes.subarray(position, span.start));
      if (!span.continued) {
        parts.push(span.marker);
        this.#count += 1;
      }
      position = Math.min(span.end, cut);
      covered = Math.max(0, span.end - cut);
    }
    parts.push(bytes.subarray(position, cut));
    this.#covered = covered;
    // Copied: a slice would keep the whole chunk alive, which may be reused by whoever gave it.
    this.#pending = Buffer.from(bytes.subarray(cut));
    return Buffer.concat(parts);
  }

  /** Where secrets stand, in order; those that overlap are one, so that no rest of either is left. */
  #spans(view: View): Span[] {
    const found = this.#patterns.flatMap((pattern) => view.matches(pattern));
    if (this.#covered > 0) {
      found.push({ start: 0, end: this.#covered, marker: Buffer.alloc(0), continued: true });
    }
    found.sort((a, b) => a.start - b.start || Number(b.continued) - Number(a.continued));
    const merged: Span[] = [];
    for (const span of found) {
      const last = merged.at(-1);
      if (last && span.start < last.end) {
        merged[merged.length - 1] = { ...last, end: Math.max(last.end, span.end) };
      } else merged.push(span);
    }
    return merged;
  }

  /** The first place from which the end of the bytes may be the beginning of a secret. */
  #heldFrom(view: View): number {
    return Math.min(
      view.bytes.length,
      ...this.#patterns.map((pattern) => view.unfinished(pattern)),
    );
  }
}

/** Bytes in which forms are looked for, those that may be folded across line breaks as well. */
class View {
  readonly bytes: Buffer;
  #unfolded: Unfolded | null = null;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  matches({ bytes: form, mayBeFolded, marker }: Pattern): Span[] {
    const { bytes, original } = this.#of(mayBeFolded);
    const spans: Span[] = [];
    for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + 1)) {
      const end = original(at + form.length - 1) + 1;
      spans.push({ start: original(at), end, marker, continued: false });
    }
    return spans;
  }

  /** Where the end of the bytes may be the beginning of this form. */
  unfinished({ bytes: form, mayBeFolded }: Pattern): number {
    const { bytes, original } = this.#of(mayBeFolded);
    const [first = 0] = form;
    const earliest = Math.max(0, bytes.length - form.length + 1);
    for (let at = bytes.indexOf(first, earliest); at !== -1; at = bytes.indexOf(first, at + 1)) {
      if (form.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return original(at);
    }
    return this.bytes.length;
  }

  #of(mayBeFolded: boolean): { bytes: Buffer; original: (place: number) => number } {
    if (!mayBeFolded || !hasLineBreak(this.bytes)) {
      return { bytes: this.bytes, original: (place) => place };
    }
    const unfolded = (this.#unfolded ??= new Unfolded(this.bytes));
    return { bytes: unfolded.bytes, original: (place) => unfolded.original(place) };
  }
}

const [newline, carriageReturn] = [0x0a, 0x0d];

function hasLineBreak(bytes: Buffer): boolean {
  return bytes.at(-1) === carriageReturn || bytes.includes(newline);
}
