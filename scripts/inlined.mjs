// `import { text } from './page.ts?inlined'`: a script or a style sheet for browsers, bundled and made small, as
// text. Both those who build the program and those who test its source load it so.
import { fileURLToPath } from 'node:url';
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';

const suffix = '?inlined';

/** What a module that has the text exports. */
async function moduleOf(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome111', 'firefox114', 'safari17'],
    charset: 'utf8',
    logLevel: 'warning',
  });
  // Nothing in it may end the element that it will stand in.
  const text = outputFiles[0].text.trim().replace(/<\/(script|style)/gi, '<\\/$1');
  return `export const text = ${JSON.stringify(text)};`;
}

export const esbuildInlined = {
  name: 'inlined',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?inlined$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.slice(0, -suffix.length)),
      namespace: 'inlined',
    }));
    onLoad({ filter: /.*/, namespace: 'inlined' }, async ({ path }) => ({
      contents: await moduleOf(path),
    }));
  },
};

export const viteInlined = {
  name: 'inlined',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!source.endsWith(suffix) || !importer) return null;
    const from = importer.startsWith('file:') ? fileURLToPath(importer) : importer;
    return `\0inlined:${resolve(dirname(from), source.slice(0, -suffix.length))}.js`;
  },
  async load(id) {
    const found = /^\0inlined:(.*)\.js$/.exec(id);
    return found ? await moduleOf(found[1]) : null;
  },
};
