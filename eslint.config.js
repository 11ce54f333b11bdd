import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Types cost nothing.
const lateCrypto = {
  regex: '^node:crypto$',
  allowTypeImports: true,
  message: 'It takes 3 ms to load: see src/spec/sha256.ts and src/spec/random-name.ts.',
};

// Imports go one way: a folder may import from itself and from what stands before it.
const layers = [
  ['failure'],
  ['spec'],
  ['outcome'],
  ['engine'],
  ['receipt', 'workspace', 'control'],
  ['run'],
  ['doctor', 'prove'],
  ['report'],
  ['commands'],
  ['cli'],
];

const importDirection = layers.flatMap((folders, height) => {
  const above = [...layers.slice(height + 1).flat(), 'main', 'index'];
  return folders.map((folder) => ({
    files: [`src/${folder}.ts`, `src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${above.join('|')})(/|\\.ts$)`,
              message: `src/${folder} may not import from a layer above it (eslint.config.js has the order).`,
            },
            ...vendorPatterns(folder),
            lateCrypto,
          ],
        },
      ],
    },
  }));
});

// Nothing outside src/engine/docker may know Docker.
function vendorPatterns(folder) {
  const message = 'Only src/engine/docker may know Docker.';
  if (folder === 'engine') return [];
  return [
    { regex: '^(dockerode|docker-modem)', message },
    { regex: 'engine/docker/', message },
  ];
}

export default tseslint.config(
  // Fixtures are other people's programs.
  { ignores: ['dist', 'node_modules', 'coverage', 'test/fixtures'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-params': ['error', 3],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'Only src/main.ts ends the process.' },
      ],
    },
  },
  {
    // Tables of inputs are wide, and vitest hands out `expect` in its test context.
    files: ['test/**/*.ts'],
    rules: { 'max-params': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  ...importDirection,
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
);
