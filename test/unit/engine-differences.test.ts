import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { differences } from '../helpers/differences.ts';

const document = await readFile(new URL('../../docs/engines.md', import.meta.url), 'utf8');
const titles = Object.values(differences).flatMap((ofOne) => Object.entries(ofOne));

test.each(titles)('docs/engines.md tells why "%s" is not asked of every engine', (_, line) => {
  expect(document).toMatch(new RegExp(`^\\| \`${line}\` +\\|`, 'm'));
});
