import { toJsonSchema } from '@valibot/to-json-schema';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { batchSummarySchema } from '../../src/receipt/batch-summary.ts';
import { receiptSchema } from '../../src/receipt/receipt.ts';
import { batchEntrySchema } from '../../src/spec/batch/batch-entry.ts';
import { configSchema } from '../../src/spec/config-file.ts';
import { profileSchema } from '../../src/spec/profile/profile-schema.ts';
import { taskSpecSchema } from '../../src/spec/task-spec.ts';
import { cliReference } from './generated/cli-reference.ts';
import { withSecurityTable } from './generated/security-table.ts';

// `npm run generate` writes these files; here they only have to be up to date.
const schemas = [
  ['src/receipt/receipt.schema.json', receiptSchema],
  ['src/receipt/batch-summary.schema.json', batchSummarySchema],
  ['src/spec/task-spec.schema.json', taskSpecSchema],
  ['src/spec/config.schema.json', configSchema],
  ['src/spec/profile/profile.schema.json', profileSchema],
  ['src/spec/batch/batch-entry.schema.json', batchEntrySchema],
] as const;

test.each(schemas)('%s says what the code says', async (path, schema) => {
  // A check of our own, such as "no NUL", has no word in JSON Schema.
  const text = JSON.stringify(toJsonSchema(schema, { errorMode: 'ignore' }), null, 2);
  await expect(`${text}\n`).toMatchFileSnapshot(`../../${path}`);
});

test('docs/cli.md says what the code says', async () => {
  await expect(cliReference()).toMatchFileSnapshot('../../docs/cli.md');
});

test('docs/sandbox.1 says what the code says', async () => {
  await expect(manPage()).toMatchFileSnapshot('../../docs/sandbox.1');
});

test('every command has examples, and each of them is of that command', () => {
  for (const [name, { examples }] of Object.entries(commands)) {
    expect(examples, name).not.toEqual([]);
    for (const example of examples) expect(example).toContain(`sandbox ${name}`);
  }
});

test('the table in docs/security.md says what the battery says', async () => {
  const path = new URL('../../docs/security.md', import.meta.url);
  const document = withSecurityTable(await readFile(path, 'utf8'));
  await expect(document).toMatchFileSnapshot('../../docs/security.md');
});
