import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import type { BatchSummary } from '../../src/receipt/batch-summary.ts';
import { rowStatuses } from '../../src/receipt/batch-summary.ts';
import { junitXml } from '../../src/report/batch/junit.ts';
import type { ReceiptReader } from '../../src/report/batch/receipt-output.ts';
import { xmlText } from '../../src/report/batch/xml.ts';
import { attacks, hostilePage } from '../helpers/batch-pages.ts';
import { batchOf } from './support/batch.ts';

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Reads as a strict parser does: whatever is not well-formed XML 1.0 is an error. */
function parsed(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = { name, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    const element = open.at(-1);
    if (element) element.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  const [top] = root.children;
  if (!top) throw new Error('no element');
  return top;
}

async function written({
  summary,
  readReceipt,
}: {
  summary: BatchSummary;
  readReceipt: ReceiptReader;
}) {
  let xml = '';
  for await (const chunk of junitXml(summary, readReceipt)) xml += chunk;
  return xml;
}

const all = () =>
  batchOf(rowStatuses.map((status) => ({ id: status, status, stdout: 'said\n', stderr: 'why\n' })));

function descendants({ children }: Element, name: string): Element[] {
  return children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...descendants(child, name),
  ]);
}

describe('the rules of the JUnit schema', () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    testsuites: ['name', 'tests', 'failures', 'errors', 'time'],
    testsuite: ['name', 'tests', 'failures', 'errors', 'time', 'skipped', 'timestamp'],
    testcase: ['name', 'classname', 'time'],
    failure: ['message', 'type'],
    error: ['message', 'type'],
    skipped: ['message'],
    'system-out': [],
    'system-err': [],
  };

  test('there are no elements and attributes but those, and each is where it belongs', async () => {
    const root = parsed(await written(all()));
    expect(root.name).toBe('testsuites');
    expect(root.children.map(({ name }) => name)).toEqual(['testsuite']);
    const check = (element: Element) => {
      expect(Object.keys(element.attributes)).toEqual(allowed[element.name]);
      element.children.forEach(check);
    };
    check(root);
    for (const testcase of descendants(root, 'testcase')) {
      const names = testcase.children.map(({ name }) => name).join(' ');
      expect(names).toMatch(/^$|^skipped$|^(failure|error)( system-out)?( system-err)?$/);
    }
  });

  test('the counts are those of the elements', async () => {
    const root = parsed(await written(all()));
    const [suite] = root.children;
    const counted = {
      tests: descendants(root, 'testcase').length,
      failures: descendants(root, 'failure').length,
      errors: descendants(root, 'error').length,
    };
    const skipped = descendants(root, 'skipped').length;
    expect({ ...counted, skipped }).toEqual({ tests: 9, failures: 4, errors: 2, skipped: 2 });
    const texts = Object.fromEntries(Object.entries(counted).map(([name, n]) => [name, String(n)]));
    expect(root.attributes).toMatchObject(texts);
    expect(suite?.attributes).toMatchObject({ ...texts, skipped: String(skipped) });
  });

  test('times are seconds, the timestamp has neither zone nor fraction', async () => {
    const root = parsed(await written(all()));
    for (const { attributes } of [root, ...descendants(root, 'testcase')]) {
      expect(attributes.time).toMatch(/^\d+\.\d{3}$/);
    }
    expect(descendants(root, 'testcase')[0]?.attributes.time).toBe('1.500');
    expect(root.children[0]?.attributes.timestamp).toBe('2025-01-01T00:00:00');
  });
});

test.each([
  ['passed', null],
  ['failed', 'failure'],
  ['timed-out', 'failure'],
  ['out-of-memory', 'failure'],
  ['workspace-limit', 'failure'],
  ['not-started', 'error'],
  ['engine-failed', 'error'],
  ['cancelled', 'skipped'],
  ['not-run', 'skipped'],
])('%s is %s', async (status, element) => {
  const cases = descendants(parsed(await written(all())), 'testcase');
  const found = cases.find(({ attributes }) => attributes.name === status);
  expect(found?.children[0]?.name ?? null).toBe(element);
});

test('a failure says why, what ran, where its receipt is, and what it said last', async () => {
  const root = parsed(
    await written(
      batchOf([{ id: 'x', status: 'failed', exitCode: 3, attempts: 2, stderr: 'no\nreally\n' }]),
    ),
  );
  const [failure] = descendants(root, 'failure');
  expect(failure?.attributes).toEqual({ message: 'failed, exit code 3', type: 'failed' });
  expect(failure?.text).toBe(
    'failed, exit code 3\ncommand: make x\nattempts: 2\nreceipt: /srv/app.receipts/x.json\n\nno\nreally',
  );
  expect(descendants(root, 'system-err')[0]?.text).toBe('no\nreally\n');
});

test('hostile output stays text, and what XML forbids is spelled out', async () => {
  const root = parsed(await written(hostilePage()));
  const [output] = descendants(root, 'system-out');
  const [image, brackets] = [attacks[1] ?? '', attacks[3] ?? ''];
  expect(output?.text).toContain(image);
  expect(output?.text).toContain(brackets);
  expect(output?.text).toContain(String.raw`\x1b[2J\x1b[31mred`);
  expect(output?.text).toContain(String.raw`\x00\x08`);
  expect(Buffer.byteLength(output?.text ?? '')).toBeLessThan(64 * 1024);
  expect(output?.text).toMatch(/^\[the first \d+ bytes are left out\]\nx/);
  expect(
    descendants(root, 'failure').map(({ attributes }) => attributes.message?.split('\n')[0]),
  ).toEqual([`failed: ${attacks[0] ?? ''}`, 'failed, exit code 1']);
});

test('every character, and halves of characters, make well-formed XML', () => {
  const codes = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  const text = `${codes.join('')}\ud800x\udc00\u{1F600}\ud83d`;
  const element = parsed(`<a>${xmlText(text)}</a>`);
  expect(element.text).toContain(String.raw`\ufffe\uffff`);
  expect(element.text).toContain('\u{1F600}\\ud83d');
  expect(element.text).toContain(`\t\n${String.raw`\x0b\x0c`}\r`);
});

test('one receipt is read at a time, and none of a task that passed', async () => {
  const { summary, readReceipt } = batchOf([
    { status: 'failed' },
    {},
    { status: 'failed' },
    { status: 'not-run' },
  ]);
  const asked: string[] = [];
  const reader: ReceiptReader = (row) => {
    asked.push(row.id);
    return readReceipt(row);
  };
  const chunks = junitXml(summary, reader);
  const read: number[] = [];
  for await (const chunk of chunks) if (chunk.includes('<testcase')) read.push(asked.length);
  expect(read).toEqual([1, 1, 2, 2]);
});

test('a receipt that cannot be read leaves the failure', async () => {
  const { summary } = batchOf([{ status: 'failed' }]);
  const xml = await written({ summary, readReceipt: () => Promise.resolve(null) });
  expect(descendants(parsed(xml), 'failure')).toHaveLength(1);
});
