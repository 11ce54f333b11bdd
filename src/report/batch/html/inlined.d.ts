// A file of the page, bundled and made small by scripts/inline-plugin.mjs.
declare module '*?inlined' {
  export const text: string;
}
