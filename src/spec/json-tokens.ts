export interface JsonToken {
  readonly text: string;
  readonly index: number;
  /** Text, a number or a word of JSON. */
  readonly isScalar: boolean;
}

const [string, number, word, mark, other] = [
  String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"`,
  String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])`,
  String.raw`(?:true|false|null)(?!\w)`,
  String.raw`[{}[\],:]`,
  String.raw`[^\s{}[\],:]+|$|.`,
];

/** The last one is empty: the end. What is no token of JSON is one that is wanted nowhere. */
export function* jsonTokens(text: string): Generator<JsonToken> {
  const pattern = new RegExp(
    `[ \\t\\r\\n]*(?:(${string}|${number}|${word})|(${mark}|${other}))`,
    'sy',
  );
  for (;;) {
    const [, scalar, rest = ''] = pattern.exec(text) ?? [];
    const found = scalar ?? rest;
    yield {
      text: found,
      index: pattern.lastIndex - found.length,
      isScalar: scalar !== undefined,
    };
    if (found === '') return;
  }
}
