import { spelledOut } from './format.ts';

/** A stretch of text in one look. */
export interface Span {
  readonly text: string;
  /** Classes of the style sheet; '' for plain text. */
  readonly look: string;
}

const colorNames = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/**
 * What a task printed, as a terminal would colour it. Every other escape sequence and control character, and what
 * turns the direction of text around, is spelled out.
 */
export function spansOf(output: string): Span[] {
  const spans: Span[] = [];
  let style: Style = plain;
  const text = output.replaceAll('\r\n', '\n');
  // A colour sequence, or what must not be shown as it is; the rest is plain.
  // eslint-disable-next-line no-control-regex -- escape sequences begin with one.
  const special = /\u001b\[([\d;]*)m|(?![\n\t])\p{Cc}|\p{Bidi_Control}/gu;
  let end = 0;
  for (const found of text.matchAll(special)) {
    add(spans, { text: text.slice(end, found.index), look: lookOf(style) });
    end = found.index + found[0].length;
    if (found[1] === undefined) add(spans, { text: spelledOut(found[0]), look: 'control' });
    else style = restyled(style, found[1]);
  }
  add(spans, { text: text.slice(end), look: lookOf(style) });
  return spans;
}

interface Style {
  readonly color: string | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

const plain: Style = { color: null, isBold: false, isDim: false };

function restyled(before: Style, codes: string): Style {
  const numbers = codes.split(';').map(Number);
  // 38 and 48 take what follows them as arguments: colours of a palette that this page does not have.
  if (numbers.includes(38) || numbers.includes(48)) return before;
  return numbers.reduce(stepped, before);
}

function stepped(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  if (code === 39) return { ...style, color: null };
  const color = colorNames[code >= 90 ? code - 90 : code - 30];
  return color === undefined ? style : { ...style, color };
}

function lookOf({ color, isBold, isDim }: Style): string {
  const looks = [color === null ? '' : `ansi-${color}`, isBold ? 'bold' : '', isDim ? 'dim' : ''];
  return looks.filter(Boolean).join(' ');
}

/** Neighbours of one look become one. */
function add(spans: Span[], span: Span): void {
  const last = spans.at(-1);
  if (span.text === '') return;
  if (last?.look === span.look) spans[spans.length - 1] = { ...last, text: last.text + span.text };
  else spans.push(span);
}
