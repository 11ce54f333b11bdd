import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { htmlReport } from '../../src/report/batch/html/html-report.ts';
import { attacks, checksPage, hostilePage, largePage } from '../helpers/batch-pages.ts';
import { projectRoot } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { readPng } from '../helpers/png.ts';
import { whyNotBuilt } from '../helpers/profile-built.ts';
import { Workspace } from '../helpers/workspace.ts';

const reason = await whyNotBuilt('tester');

/** What test/fixtures/batch-report/look.py saw. */
interface Seen {
  readonly verdict: string;
  readonly chips: readonly string[];
  readonly first: readonly string[];
  readonly detail: readonly string[];
  readonly output: Readonly<Record<string, string>>;
  readonly openAfterEscape: number;
  readonly openByKeys: string;
  readonly found: readonly string[];
  readonly pressed: readonly string[];
  readonly filtered: number;
  readonly sorted: readonly string[];
  readonly longest: string;
  readonly picked: number;
  readonly enlarged: boolean;
  readonly enlargedAfter: boolean;
  readonly colors: number;
  readonly rowsInPage: number;
  readonly title: string;
  readonly phoneTask: string;
  /** Elements of which a part is beyond the edge of a phone. */
  readonly phoneOverflows: readonly string[];
  readonly phoneScroll: readonly number[];
  readonly elements: readonly string[];
  readonly log: readonly string[];
  readonly requests: readonly string[];
}

/** Writes the report, and has a browser without a network look at it. */
async function looked({ summary, readReceipt }: ReturnType<typeof checksPage>, search: string) {
  const workspace = await Workspace.create();
  await cp(
    join(projectRoot, 'test/fixtures/batch-report/look.py'),
    join(workspace.path, 'look.py'),
  );
  const path = join(workspace.path, 'report.html');
  await writeFile(path, htmlReport(summary, readReceipt));
  const on = ['--engine', 'docker', '--profile', 'tester', '--network', 'none'];
  const command = ['python3', 'look.py', 'report.html', search];
  const { stdout, stderr, exitCode } = await workspace.run([...on, '--', ...command]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const png = readPng(await readFile(`${path}.png`));
  return { seen: JSON.parse(stdout) as Seen, png };
}

function suite(): void {
  test('a batch with every ending can be looked through, by mouse and by keys', async () => {
    const { seen, png } = await looked(checksPage(), 'playwright LOGIN');
    expect(seen).toMatchObject({
      title: 'release-checks · sandbox batch',
      verdict: '30 of 40 tasks passed',
      first: ['py-orders', 'migrate-check', 'e2e-checkout'],
      openAfterEscape: 0,
      openByKeys: '29',
      found: ['e2e-login'],
      pressed: ['2 failed'],
      filtered: 2,
      sorted: ['none', 'none', 'none', 'descending', 'none', 'none'],
      longest: 'e2e-checkout',
      picked: 1,
      enlarged: true,
      enlargedAfter: false,
      phoneTask: 'py-orders',
      phoneOverflows: [],
      phoneScroll: [375, 0],
      log: [],
    });
    expect(seen.chips.slice(0, 2)).toEqual(['30 passed', '2 failed']);
    expect(seen.chips).toHaveLength(9);
    expect(seen.detail).toContain('/srv/app.receipts/py-orders.json');
    expect(seen.output.stdout).toContain("AssertionError: assert Decimal('1.89')");
    // The lanes, the grid and seven endings, at the least.
    expect(seen.colors).toBeGreaterThan(9);
    expect(png.width).toBe(1280);
    expect(png.differentBytes).toBeGreaterThan(100);
    expect([...new Set(seen.requests)]).toEqual(['file:///workspace/report.html']);
  });

  test('of ten thousand tasks the page holds a part at a time', async () => {
    const { seen } = await looked(largePage(), 'convert-00424');
    expect(seen.verdict).toBe('9,763 of 10,000 tasks passed');
    expect(seen.found).toEqual(['convert-00424']);
    expect(seen.rowsInPage).toBeLessThan(2000);
    expect(seen.log).toEqual([]);
  });

  test('what a hostile task printed is text, and nothing of it runs or asks for anything', async () => {
    const { seen } = await looked(hostilePage(), 'honest');
    expect(seen.title).toBe('</title><script>document.title="owned"</script> · sandbox batch');
    expect(seen.log).toEqual([]);
    expect([...new Set(seen.requests)]).toEqual(['file:///workspace/report.html']);
    expect(
      seen.elements.filter((name) => ['script', 'img', 'iframe', 'a', 'style'].includes(name)),
    ).toEqual([]);
    for (const attack of attacks.slice(0, 4)) expect(seen.output.stderr).toContain(attack);
    expect(seen.output.stderr).toContain('\\u202etxt.exe\\u202c');
    expect(seen.output.stderr?.replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
  });
}

describeOn('docker', 'the report of a batch in a browser', () => {
  if (reason === null) suite();
  else describe.skip(reason, suite);
});
