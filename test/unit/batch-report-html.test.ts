import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { htmlReport } from '../../src/report/batch/html/html-report.ts';
import type { PageData, PageDetail } from '../../src/report/batch/html/page-data.ts';
import type { ReceiptReader } from '../../src/report/batch/receipt-output.ts';
import { attacks, checksPage, hostilePage, largePage } from '../helpers/batch-pages.ts';
import { type EndedTask, batchOf } from './support/batch.ts';

async function written({ summary, readReceipt }: ReturnType<typeof batchOf>): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of htmlReport(summary, readReceipt)) chunks.push(chunk);
  return chunks.join('');
}

/** Elements as a browser finds them: one that is a script ends at the first end tag, whatever stands in it. */
function elements(html: string, tag: 'script' | 'style') {
  const found = html.matchAll(new RegExp(`<${tag}([^>]*)>([^]*?)</${tag}`, 'gi'));
  return [...found].map(([, attributes = '', text = '']) => ({ attributes, text }));
}

const dataBlocks = (html: string) =>
  elements(html, 'script').filter(({ attributes }) => attributes.includes('application/json'));

function detailOf(html: string, index: number): PageDetail | null {
  const block = dataBlocks(html).find(({ attributes }) => attributes.includes(`"detail-${index}"`));
  return block ? (JSON.parse(block.text) as PageDetail) : null;
}

describe('the page', () => {
  test('lets only its own script and style pass', async () => {
    for (const batch of [checksPage(), hostilePage()]) {
      const html = await written(batch);
      const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
      expect(policy).toMatch(/^default-src 'none'; /);
      const scripts = elements(html, 'script').filter(({ attributes }) => attributes === '');
      const styles = elements(html, 'style');
      expect([scripts.length, styles.length]).toEqual([1, 1]);
      for (const [kind, text] of [
        ['script', scripts[0]?.text],
        ['style', styles[0]?.text],
      ] as const) {
        const hash = createHash('sha256')
          .update(text ?? '')
          .digest('base64');
        expect(policy).toContain(`${kind}-src 'sha256-${hash}'`);
      }
    }
  });

  test('asks for nothing from elsewhere', async () => {
    const html = await written(checksPage());
    expect(html).not.toMatch(/https?:|\bsrc=|url\(|@import|<iframe|<form/i);
    expect(html.match(/href="[^"]*"/g)).toEqual(['href="data:,"']);
  });

  test('has whatever a task printed as JSON without markup', async () => {
    const html = await written(hostilePage());
    const blocks = dataBlocks(html);
    expect(blocks.map(({ attributes }) => /id="([^"]*)"/.exec(attributes)?.[1])).toEqual([
      'data',
      'detail-0',
      'detail-1',
    ]);
    for (const { text } of blocks) expect(text).not.toMatch(/[<\u2028\u2029]/);
    const { output } = detailOf(html, 0) ?? {};
    for (const attack of attacks) expect(output?.stdout.text).toContain(attack);
    expect(html).toContain('<title>&#60;/title&#62;&#60;script&#62;');
  });

  test('has the end of the output of what did not pass, in bounds, and the evidence', async () => {
    const html = await written(hostilePage());
    const { output, facts } = detailOf(html, 0) ?? {};
    const bytes = [output?.stdout, output?.stderr].map((tail) =>
      Buffer.byteLength(tail?.text ?? ''),
    );
    expect(bytes).toEqual([32 * 1024, 32 * 1024]);
    expect(output?.stdout.text.endsWith(attacks.at(-1) ?? '?')).toBe(true);
    expect(facts).toContainEqual(['Command ended', 'exit code 1']);
    expect(detailOf(html, 2)).toBeNull();
  });

  test.each<[EndedTask['status'], string, string]>([
    ['timed-out', 'Deadline', '30s, passed after 30 s'],
    ['timed-out', 'Signals sent', 'SIGTERM after 30 s'],
    ['out-of-memory', 'Kills for memory', '2 (limit 512.0 MiB)'],
    ['workspace-limit', 'Workspace limit', '64.0 MiB, seen 65.0 MiB'],
    ['cancelled', 'Cancelled by', 'SIGINT'],
    ['not-started', 'Error', 'image node:99 was not found: no such manifest\nCheck the name.'],
  ])('of %s it has the evidence: %s', async (status, label, text) => {
    const html = await written(batchOf([{ ...(status ? { status } : {}) }]));
    expect(detailOf(html, 0)?.facts).toContainEqual([label, text]);
  });

  test('one stream may take what the other leaves', async () => {
    const html = await written(
      batchOf([{ status: 'failed', stdout: 'é'.repeat(50_000), stderr: 'short' }]),
    );
    const { output } = detailOf(html, 0) ?? {};
    const bytes = Buffer.byteLength(output?.stdout.text ?? '');
    expect(bytes).toBeGreaterThan(64 * 1024 - 10);
    expect(output?.stdout).toMatchObject({ omittedBytes: 100_000 - bytes });
    expect(output?.stdout.text).toMatch(/^é+$/);
    expect(output?.stderr).toEqual({ text: 'short', omittedBytes: 0 });
  });

  test('holds 20 MiB of details at most, and keeps the evidence where the output has no room', async () => {
    const tasks = Array.from({ length: 120 }, (): EndedTask => ({
      status: 'failed',
      stdout: '<'.repeat(70_000),
    }));
    const html = await written(batchOf(tasks));
    const total = Buffer.byteLength(html);
    expect(total).toBeGreaterThan(18 * 1024 ** 2);
    expect(total).toBeLessThan(20.5 * 1024 ** 2);
    expect(detailOf(html, 0)?.output?.stdout.text).toHaveLength(64 * 1024);
    expect(detailOf(html, 119)?.output).toBeNull();
    expect(detailOf(html, 119)?.facts.length).toBeGreaterThan(2);
  });

  test('one receipt is read at a time, and none of a task that passed', async () => {
    const { summary, readReceipt } = largePage(200);
    const asked: string[] = [];
    const reader: ReceiptReader = (row) => {
      asked.push(row.status);
      return readReceipt(row);
    };
    let details = 0;
    for await (const chunk of htmlReport(summary, reader)) {
      if (chunk.includes('id="detail-')) details += 1;
      expect(asked.length).toBe(details);
    }
    expect(asked).not.toContain('passed');
    expect(details).toBe(summary.tasks.filter(({ status }) => status !== 'passed').length);
  });

  test('the times of tasks are those since the batch began', async () => {
    const { summary, readReceipt } = batchOf([
      { startMs: 250 },
      { status: 'not-run' },
      { reused: true },
    ]);
    const html = await written({ summary, readReceipt });
    const { rows } = JSON.parse(dataBlocks(html)[0]?.text ?? '') as PageData;
    expect(rows.map(({ startMs }) => startMs)).toEqual([250, null, null]);
  });
});
