const escape = '\u001b';
/** What programs switch on for a whole screen: keys, mouse, focus, the other screen, pasted text, held frames. */
const usuallyOff = '1 47 1000 1002 1003 1004 1005 1006 1015 1016 1047 1049 2004 2026'.split(' ');
/** What they switch off: lines that wrap, and the cursor. */
const usuallyOn = ['7', '25'];

/** A whole reset, the number pad, private modes on (h) or off (l), and how keys with Ctrl are told (xterm). */
const sequences = new RegExp(
  String.raw`${escape}(?:c|[=>]|\[\?([\d;]+)([hl])|\[>4(?:;(\d*))?m)`,
  'g',
);
const begun = new RegExp(String.raw`${escape}(?:\[(?:[?>][\d;]{0,64})?)?$`);

/** Which modes of the terminal the output has changed, and not changed back. */
export class ScreenModes {
  /** For each what brings it back. */
  readonly #changed = new Map<string, string>();
  /** What a chunk ended in, which may be the beginning of a sequence. */
  #rest = '';

  see(chunk: Buffer): void {
    if (this.#rest === '' && !chunk.includes(escape)) return;
    const text = this.#rest + chunk.toString('latin1');
    for (const match of text.matchAll(sequences)) this.#take(match);
    this.#rest = begun.exec(text.slice(-80))?.[0] ?? '';
  }

  /** Empty where all is as it was. */
  undo(): string {
    const undoing = [...this.#changed.values()].join('');
    this.#changed.clear();
    return undoing;
  }

  #take([sequence, modes, end, level]: RegExpExecArray): void {
    if (sequence === `${escape}c`) this.#changed.clear();
    else if (modes !== undefined) for (const mode of modes.split(';')) this.#set(mode, end === 'h');
    else if (sequence === `${escape}=`) this.#changed.set('keypad', `${escape}>`);
    else if (sequence === `${escape}>`) this.#changed.delete('keypad');
    else if (Number(level ?? '') === 0) this.#changed.delete('keys');
    else this.#changed.set('keys', `${escape}[>4;0m`);
  }

  #set(mode: string, isOn: boolean): void {
    const isChanged = isOn ? usuallyOff.includes(mode) : usuallyOn.includes(mode);
    if (isChanged) this.#changed.set(mode, `${escape}[?${mode}${isOn ? 'l' : 'h'}`);
    else this.#changed.delete(mode);
  }
}
