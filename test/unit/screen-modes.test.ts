import { expect, test } from 'vitest';
import { ScreenModes } from '../../src/report/screen-modes.ts';

const esc = '\u001b';

function undone(...chunks: string[]): string {
  const modes = new ScreenModes();
  for (const chunk of chunks) modes.see(Buffer.from(chunk));
  return modes.undo().replaceAll(esc, '^');
}

test.each([
  ['nothing', '\u0007é plain text\r\n', ''],
  ['colours', `${esc}[1;31mred${esc}[0m`, ''],
  ['the other screen', `${esc}[?1049hx`, '^[?1049l'],
  ['the other screen, and left again', `${esc}[?1049hx${esc}[?1049l`, ''],
  ['a hidden cursor', `${esc}[?25l`, '^[?25h'],
  ['a cursor that is shown, which it was', `${esc}[?25h`, ''],
  ['the mouse, in one sequence', `${esc}[?1000;1006h`, '^[?1000l^[?1006l'],
  ['the mouse, half of it off again', `${esc}[?1000;1006h${esc}[?1000l`, '^[?1006l'],
  ['pasted text in brackets', `$ ${esc}[?2004h`, '^[?2004l'],
  ['the number pad and the cursor keys', `${esc}[?1h${esc}=`, '^[?1l^>'],
  ['both of them, and off', `${esc}[?1h${esc}=${esc}[?1l${esc}>`, ''],
  ['keys with Ctrl', `${esc}[>4;2m`, '^[>4;0m'],
  ['keys with Ctrl, and off', `${esc}[>4;2m${esc}[>4m`, ''],
  ['a mode that is none of these', `${esc}[?12h${esc}[?12l`, ''],
  ['a reset of all of it', `${esc}[?1049h${esc}[?25l${esc}[>4;1m${esc}=${esc}c`, ''],
  ['the same twice', `${esc}[?1049h${esc}[?1049h`, '^[?1049l'],
])('After %s what brings it back is told', (_, output, expected) => {
  expect(undone(output)).toBe(expected);
  // However it is cut.
  expect(undone(...output.split(''))).toBe(expected);
  for (let at = 1; at < output.length; at += 1) {
    expect(undone(output.slice(0, at), output.slice(at))).toBe(expected);
  }
});

test('It is told once', () => {
  const modes = new ScreenModes();
  modes.see(Buffer.from(`${esc}[?1049h`));
  expect(modes.undo()).not.toBe('');
  expect(modes.undo()).toBe('');
});

test('A sequence without an end is kept in bounds, and is none', () => {
  const endless = `${esc}[?${'1;'.repeat(500)}`;
  expect(undone(endless, '1049h', `${esc}[?25l`)).toBe('^[?25h');
});
