import { Expectation } from './expectation.ts';

// As the engines read them: https://pkg.go.dev/github.com/distribution/reference
const hostPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = String.raw`${hostPart}(?:\.${hostPart})*(?::\d+)?`;
const pathPart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const name = `(?:${host}/)?${pathPart}(?:/${pathPart})*`;
const tag = String.raw`\w[\w.-]{0,127}`;
const digest = 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}';
const reference = new RegExp(`^(?=.{1,511}$)(${name})(?::(${tag}))?(?:@(${digest}))?$`);

const mostNameLength = 255;

/** NAME[:TAG][@DIGEST]. An image's own id, whole or in part, has the form of a name, with or without "sha256:". */
export function parseImage(text: string): string {
  return parts(text, 'an image such as debian:bookworm-slim').text;
}

/** What an image may be called that is made here. */
export function parseImageName(text: string): string {
  const expected = 'the name of an image such as tools:1';
  const found = parts(text, expected);
  if (found.digest === undefined && found.name !== 'sha256') return text;
  throw new Expectation(`${expected}, which is no digest and no id`, text);
}

function parts(text: string, expected: string) {
  const [, name, tag, digest] = reference.exec(text) ?? [];
  if (name !== undefined && name.length <= mostNameLength) return { text, name, tag, digest };
  throw new Expectation(`${expected}${reminder(text)}`, text);
}

/** What is easily forgotten. */
function reminder(text: string): string {
  if (text.includes('@')) return ' or NAME@sha256: and 64 hexadecimal digits';
  if (text.endsWith(':')) return ', with a tag after the colon';
  const isLowerCase = !/[A-Z]/.test(text.replace(/:[^:/]*$/, ''));
  return isLowerCase ? '' : ', its name in lower case';
}
