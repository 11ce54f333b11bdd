const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [list, object] = [0x5b, 0x7b];

/**
 * Whether JSON holds more values than that, however they are nested: each takes a hundred bytes of memory or so once
 * it is read, and only two of a file. What text holds does not count. Of what is no JSON, it is a guess.
 */
export function holdsMore(bytes: Uint8Array, most: number): boolean {
  if (bytes.length <= most) return false;
  let values = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) isText = !isText;
    else if (isText) at += byte === backslash ? 1 : 0;
    else if (byte === comma || byte === list || byte === object) values += 1;
    if (values > most) return true;
  }
  return false;
}
