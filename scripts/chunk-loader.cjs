const { Script } = require('node:vm');

/**
 * A `require` for a program in chunks, each of which is compiled when it is first asked for: `sourceOf` answers the
 * CommonJS function of a chunk, or undefined for what Node itself has; `cacheOf` its code cache, where there is one.
 */
class ChunkLoader {
  #sources;
  #scripts = new Map();
  #modules = new Map();

  constructor(sources) {
    this.#sources = sources;
  }

  require = (name) => {
    const known = this.#modules.get(name);
    if (known !== undefined) return known.exports;
    const script = this.#scriptOf(name);
    if (script === null) return require(name);
    const module = { exports: {} };
    this.#modules.set(name, module);
    script.runInThisContext()(this.require, module.exports, module);
    return module.exports;
  };

  /** What was loaded is loaded anew when it is asked for again, from what is compiled. */
  forget() {
    this.#modules.clear();
  }

  /** Of each chunk that was loaded, what V8 has compiled of it so far. */
  caches() {
    return [...this.#scripts].map(([name, script]) => [name, script.createCachedData()]);
  }

  #scriptOf(name) {
    const known = this.#scripts.get(name);
    if (known !== undefined) return known;
    const source = this.#sources.sourceOf(name);
    if (source === undefined) return null;
    // A code cache that V8 cannot use, it leaves alone.
    const script = new Script(source, { filename: name, cachedData: this.#sources.cacheOf(name) });
    this.#scripts.set(name, script);
    return script;
  }
}

module.exports = { ChunkLoader };
