import { trimmed } from '../spec/secret.ts';

/** Lines of a secret of several, such as a key, are kept out one by one as well; shorter ones are common text. */
const leastLineBytes = 8;

export interface SecretForm {
  readonly bytes: Buffer;
  /** Its encoders break it into lines, at columns of their own and counted from before it. */
  readonly mayBeFolded: boolean;
}

/** Every form in which a secret is looked for: as it is, in hex, in base64, URL-escaped and JSON-escaped. */
export function secretForms(value: Buffer): SecretForm[] {
  const whole = trimmed(value);
  const lines = splitLines(whole).filter((line) => line.length >= leastLineBytes);
  const folded = [...hexForms(whole), ...base64Forms(whole)];
  const forms = [
    whole,
    // Just as they are: every form of every line of a key would make its search slow.
    ...lines,
    ...urlForms(whole).map((form) => Buffer.from(form, 'latin1')),
    ...jsonForms(whole).map((form) => Buffer.from(form)),
  ].map((bytes) => ({ bytes, mayBeFolded: false }));
  const all = [
    ...forms,
    ...folded.map((form) => ({ bytes: Buffer.from(form, 'latin1'), mayBeFolded: true })),
  ];
  const unique = new Map(all.map((form) => [form.bytes.toString('latin1'), form]));
  unique.delete('');
  return [...unique.values()];
}

function splitLines(value: Buffer): Buffer[] {
  const lines = value.toString('latin1').split(/\r?\n/);
  return lines.length === 1 ? [] : lines.map((line) => Buffer.from(line.trim(), 'latin1'));
}

function hexForms(value: Buffer): string[] {
  const hex = value.toString('hex');
  return [hex, hex.toUpperCase()];
}

function base64Forms(value: Buffer): string[] {
  const whole = [value, Buffer.concat([value, Buffer.from('\n')])].map((bytes) =>
    bytes.toString('base64'),
  );
  const inside = [0, 1, 2].map((offset) => base64Inside(value, offset));
  const standard = [...whole, ...whole.map((text) => text.replace(/=+$/, '')), ...inside];
  return [...standard, ...standard.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** The characters that stay the same whatever stands before (so many bytes, modulo 3) and behind. */
function base64Inside(value: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), value]).toString('base64');
  const wholeBits = (offset + value.length) * 8;
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(wholeBits / 6));
}

/** Encoders differ in what they leave as it is, in the case of the digits, and in the space. */
function urlForms(value: Buffer): string[] {
  const kept = ["-_.~!'()*", '-_.~', '-_.~/', '*-._', '-_.'];
  const forms = kept.map((characters) => percentEncode(value, characters));
  const plus = forms.map((form) => form.replaceAll('%20', '+'));
  const all = [...forms, ...plus];
  return [
    ...all,
    ...all.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
  ];
}

function percentEncode(value: Buffer, kept: string): string {
  return [...value]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      const isPlain = /[A-Za-z0-9]/.test(character) || kept.includes(character);
      return isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** As JavaScript writes it, in ASCII only (Python), with `\/` (PHP), and safe for HTML (Go). */
function jsonForms(value: Buffer): string[] {
  const plain = JSON.stringify(value.toString()).slice(1, -1);
  const ascii = escapeCodes(plain, /[\u007f-\uffff]/g);
  const html = escapeCodes(plain, /[<>&\u2028\u2029]/g);
  const all = [plain, ascii, html];
  return [...all, ...all.map((form) => form.replaceAll('/', String.raw`\/`))];
}

function escapeCodes(text: string, characters: RegExp): string {
  return text.replace(
    characters,
    (character) => String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}
