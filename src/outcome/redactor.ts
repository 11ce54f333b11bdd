import type { Secret } from '../spec/secret.ts';
import { secretForms } from './secret-forms.ts';

interface Pattern {
  readonly form: Buffer;
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
      secretForms(value).map((form) => ({ form, marker: Buffer.from(`[secret:${name}]`) })),
    );
  }

  stream(): RedactingStream {
    return new RedactingStream(this.#patterns);
  }

  text(text: string): string {
    const stream = this.stream();
    return Buffer.concat([stream.write(Buffer.from(text)), stream.end()]).toString();
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
    return this.#pass(bytes, this.#heldFrom(bytes));
  }

  end(): Buffer {
    return this.#pass(this.#pending, this.#pending.length);
  }

  /** Everything before `cut` with its secrets replaced; the rest is pending. */
  #pass(bytes: Buffer, cut: number): Buffer {
    const parts: Buffer[] = [];
    let position = 0;
    let covered = 0;
    for (const span of this.#spans(bytes)) {
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
  #spans(bytes: Buffer): Span[] {
    const found = this.#patterns.flatMap(({ form, marker }) => matches(bytes, { form, marker }));
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
  #heldFrom(bytes: Buffer): number {
    return Math.min(bytes.length, ...this.#patterns.map(({ form }) => unfinished(bytes, form)));
  }
}

function matches(bytes: Buffer, { form, marker }: Pattern): Span[] {
  const spans: Span[] = [];
  for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + 1)) {
    spans.push({ start: at, end: at + form.length, marker, continued: false });
  }
  return spans;
}

function unfinished(bytes: Buffer, form: Buffer): number {
  const [first = 0] = form;
  const earliest = Math.max(0, bytes.length - form.length + 1);
  for (let at = bytes.indexOf(first, earliest); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (form.subarray(0, bytes.length - at).equals(bytes.subarray(at))) return at;
  }
  return bytes.length;
}
