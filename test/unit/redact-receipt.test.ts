import { expect, test } from 'vitest';
import { Redactor } from '../../src/outcome/redactor.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { redactReceipt } from '../../src/receipt/redact-receipt.ts';
import { taskRecord } from './support/task-record.ts';

const value = 'docker';
const redactor = new Redactor([{ name: 'KEY', value: Buffer.from(value) }]);
const notUtf8 = (text: string) =>
  Buffer.concat([Buffer.from(text), Buffer.from([0xff])]).toString('base64');

const file = { kind: 'file', size: 1, mode: '644', sha256: null } as const;
const changes = {
  added: [{ ...file, path: `a-${value}`, pathBase64: null, linkTarget: null }],
  changed: [{ ...file, path: null, pathBase64: notUtf8(value), linkTarget: `to-${value}` }],
  removed: [],
  complete: false,
  limitsReached: [`could not be looked at: ${value}`],
};
const defused = {
  path: `pipe-${value}`,
  pathBase64: null,
  root: '/srv/app',
  found: 'fifo',
  action: 'removed',
} as const;
const workspace = {
  ...{ changes, defused: [defused], growthBytes: 0, copyKeptAt: null },
  applied: { added: 1, changed: 0, removed: 0, skipped: [`${value}.log: ignored`] },
};

test('Words of a task are cleaned of secrets wherever they stand, our own words are kept', () => {
  const receipt = composeReceipt(taskRecord({ workspace }));
  const clean = redactReceipt({ ...receipt, command: ['echo', value] }, redactor);
  const { engine, ...rest } = clean;
  // The name of the engine is no word of a task, whatever the secret is.
  expect(engine?.name).toBe('docker');
  expect(rest.command).toEqual(['echo', '[secret:KEY]']);
  expect(rest.workspace.changes).toEqual({
    ...changes,
    added: [{ ...changes.added[0], path: 'a-[secret:KEY]' }],
    changed: [
      {
        ...changes.changed[0],
        pathBase64: notUtf8('[secret:KEY]'),
        linkTarget: 'to-[secret:KEY]',
      },
    ],
    limitsReached: ['could not be looked at: [secret:KEY]'],
  });
  expect(rest.workspace.defused?.[0]?.path).toBe('pipe-[secret:KEY]');
  expect(rest.workspace.applied?.skipped).toEqual(['[secret:KEY].log: ignored']);
});
