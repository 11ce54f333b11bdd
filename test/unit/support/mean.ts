import fc from 'fast-check';

/** Names that every object has, and what they do to code that forgets it. */
const inheritedNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];
const edges = ['', ' ', '\t', '\r\n', '-', '--', '---', '=', ',', ':', '/', '//', '.', '..', '~']
  .concat(['"', "'", '\\', '`id`', '$(id)', '*', '[', '{', '#', '%s', '../../etc/passwd', '@', '!'])
  .concat(['\u202e', '\u200b', '\ufeff', '\u001b[31m', '\u0085', '\u2028', '🙂', 'é', '٣', 'ﬀ']);
const numbers = [
  '0',
  '-0',
  '-1',
  '1e309',
  '1e-9',
  '0.0000000001',
  '.1',
  '1.',
  '0x10',
  '1_000',
  'NaN',
]
  .concat(['Infinity', '007', '9007199254740991', '9007199254740993', `1${'0'.repeat(400)}`])
  .concat(['2147483648', '4294967296', '99999999999999999999', '1,5', '+1', '1 ', ' 1']);

const long = fc
  .tuple(
    fc.constantFrom('a', '/', '🙂', '[', '"', 'a,', 'a=b\n', '../'),
    fc.integer({ max: 3_000 }),
  )
  .map(([part, times]) => part.repeat(Math.max(0, times)));

/** As the words of a command line can be: no NUL, no half characters. */
export const meanWord: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map(withoutNul) },
  { weight: 4, arbitrary: fc.constantFrom(...edges, ...numbers, ...inheritedNames) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }) },
  { weight: 1, arbitrary: long },
);

/** Also with what only a file, or a program that calls us, can hold. */
export const meanText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: meanWord },
  { weight: 2, arbitrary: fc.constantFrom('\0', 'a\0b', '\ud800', 'a\udc00b', '\udc00\ud800') },
);

/** One of these, or one that a slip or two keep from being it. */
export function near(
  valid: readonly string[],
  piece: fc.Arbitrary<string> = meanWord,
): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(slip(piece), { maxLength: 2 }))
    .map(([text, slips]) => slips.reduce((changed, change) => change(changed), text));
}

type Change = (text: string) => string;

function slip(piece: fc.Arbitrary<string>): fc.Arbitrary<Change> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const kinds = fc.constantFrom('insert', 'replace', 'delete', 'repeat', 'upper', 'cut');
  return fc.tuple(kinds, place, piece).map(([kind, where, added]) => (text) => {
    // By whole characters, so that a word stays one that a command line can hold.
    const characters = Array.from(text);
    const at = Math.floor(where * characters.length);
    const before = characters.slice(0, at).join('');
    const after = characters.slice(at).join('');
    const rest = characters.slice(at + 1).join('');
    switch (kind) {
      case 'insert':
        return before + added + after;
      case 'replace':
        return before + added + rest;
      case 'delete':
        return before + rest;
      case 'repeat':
        return text + after;
      case 'upper':
        return before + after.toUpperCase();
      case 'cut':
        return before;
    }
  });
}

/** Any JSON, of the names and values above, some of it deep. */
export const meanJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: jsonOf(meanText) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 500 }).map(deepList) },
);

function jsonOf(text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown; list: unknown; record: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('record'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    record: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  }));
  return value;
}

function deepList(depth: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u0001');
}
