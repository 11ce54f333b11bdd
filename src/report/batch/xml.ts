// What XML 1.0 has no place for, not even as a reference: control characters, lone surrogates, U+FFFE and U+FFFF.
const forbidden =
  // eslint-disable-next-line no-control-regex -- they are what is looked for.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  // Also outside of markup, or `]]>` would end what is no section.
  '>': '&gt;',
  '"': '&quot;',
  // A reader takes these for a blank or a newline where they are not written as references.
  '\r': '&#13;',
};

/** Character data for XML 1.0; what it forbids is spelled out, such as `\x1b`. */
export function xmlText(text: string): string {
  return text
    .replace(forbidden, spelledOut)
    .replace(/[&<>"\r]/g, (found) => references[found] ?? '');
}

/** Attributes in their order; those that are null are left out. */
export function xmlAttributes(values: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ` ${name}="${attributeValue(String(value))}"`)
    .join('');
}

function attributeValue(text: string): string {
  return xmlText(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}

function spelledOut(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
