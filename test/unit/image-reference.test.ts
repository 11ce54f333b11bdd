import { expect, test } from 'vitest';
import { messageOf } from '../../src/failure.ts';
import { parseImage, parseImageName } from '../../src/spec/image-reference.ts';

function problemOf(parse: (text: string) => string, text: string): string {
  try {
    parse(text);
  } catch (error) {
    return messageOf(error);
  }
  throw new Error('expected a problem');
}

const hex = (length: number) => 'a'.repeat(length);

test.each([
  'debian',
  'debian:bookworm-slim',
  'localhost:5000/team/app:1.2',
  'localhost/app',
  'Registry.Example:443/app',
  'a__b/c--d.e_f:V1_x.y',
  `app@sha256:${hex(64)}`,
  `registry.example/app:1@sha512:${hex(128)}`,
  `sha256:${hex(64)}`,
  'sha256:63d2f1',
  hex(64),
  '63d2f16452d1',
  `${'a'.repeat(255)}:${'t'.repeat(128)}`,
])('%.60s is an image', (text) => {
  expect(parseImage(text)).toBe(text);
});

const plain = 'expected an image such as debian:bookworm-slim';

test.each([
  ['', `${plain}, got ""`],
  ['-x', `${plain}, got "-x"`],
  ['a b', `${plain}, got "a b"`],
  ['a?b=c', `${plain}, got "a?b=c"`],
  ['debian\n', `${plain}, got "debian\\n"`],
  ['a//b', `${plain}, got "a//b"`],
  ['/a', `${plain}, got "/a"`],
  ['a/', `${plain}, got "a/"`],
  ['a.', `${plain}, got "a."`],
  ['a:.x', `${plain}, got "a:.x"`],
  [`a:${'t'.repeat(129)}`, plain],
  ['a'.repeat(256), plain],
  ['debian:', `${plain}, with a tag after the colon, got "debian:"`],
  ['Debian:12', `${plain}, its name in lower case, got "Debian:12"`],
  ['registry.example/Team/app', `${plain}, its name in lower case, got`],
  ['debian@sha256:123', `${plain} or NAME@sha256: and 64 hexadecimal digits, got`],
  [`debian@sha256:${'A'.repeat(64)}`, 'NAME@sha256: and 64 hexadecimal digits'],
  [`debian@md5:${hex(32)}`, 'NAME@sha256: and 64 hexadecimal digits'],
  ['debian@', 'NAME@sha256: and 64 hexadecimal digits'],
])('%.60j is none: %s', (text, message) => {
  expect(problemOf(parseImage, text)).toContain(message);
});

test('What is made here has a name of its own', () => {
  expect(parseImageName('registry.example/tools:1')).toBe('registry.example/tools:1');
  const expected = 'expected the name of an image such as tools:1';
  for (const text of [`tools@sha256:${hex(64)}`, 'sha256:63d2f1']) {
    expect(problemOf(parseImageName, text)).toContain(`${expected}, which is no digest and no id`);
  }
  expect(problemOf(parseImageName, 'Tools')).toContain(`${expected}, its name in lower case`);
});

test('A text of any length is answered at once', () => {
  const startedMs = performance.now();
  expect(problemOf(parseImage, `${'a-'.repeat(200_000)}!`)).toContain(plain);
  expect(problemOf(parseImage, `${'a'.repeat(500)}!`)).toContain(plain);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});
