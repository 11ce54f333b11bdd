const numbers = new Intl.NumberFormat('en-US');

export function countText(count: number): string {
  return numbers.format(count);
}

/** `38 ms`, `1.2 s`, `48 s`, `3 min 5 s`, `2 h 4 min`. */
export function durationText(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return withRest(seconds, 60, ['min', 's']);
  return withRest(Math.round(seconds / 60), 60, ['h', 'min']);
}

function withRest(value: number, size: number, [whole, part]: readonly [string, string]): string {
  const rest = value % size;
  const text = `${Math.floor(value / size)} ${whole}`;
  return rest === 0 ? text : `${text} ${rest} ${part}`;
}

export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${countText(bytes)} bytes`;
  const kibibytes = bytes / 1024;
  return kibibytes < 1024 ? `${kibibytes.toFixed(1)} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;
}

/** In the time zone of whoever reads. */
export function momentText(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** Text of one line: what a terminal would obey and what turns text around is spelled out. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}|\p{Bidi_Control}/gu, spelledOut);
}

/** As our words on a terminal have it; no font is needed that few have. */
export function spelledOut(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
