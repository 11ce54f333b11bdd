import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { githubClosing, githubOpening, isGithub } from '../../src/report/batch/github.ts';
import { gitlabSections, isGitlab } from '../../src/report/batch/gitlab.ts';
import { appendStepSummary, stepSummary } from '../../src/report/batch/step-summary.ts';
import { attacks, hostilePage, largePage } from '../helpers/batch-pages.ts';
import { type EndedTask, batchOf } from './support/batch.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const token = 'the-token';

async function github(
  { summary, readReceipt }: ReturnType<typeof batchOf>,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  let text = '';
  for await (const chunk of githubClosing(summary, { token, readReceipt, env })) text += chunk;
  return text;
}

/** What the runner takes for commands: `::` at the start of a line, also after blanks, and `##[` anywhere. */
function commandsIn(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trimStart().startsWith('::') || line.includes('##['))
    .map((line) => /^::([\w-]+)/.exec(line)?.[1] ?? line);
}

const failures = (count: number): EndedTask[] =>
  Array.from({ length: count }, () => ({ status: 'failed', exitCode: 1, stderr: 'no\n' }));

describe('GitHub', () => {
  test('only there', () => {
    expect([{}, { GITHUB_ACTIONS: '1' }, { GITHUB_ACTIONS: 'true' }].map(isGithub)).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('commands are stopped while tasks run, and each failure gets a group and an annotation', async () => {
    expect(githubOpening(token)).toBe('::stop-commands::the-token\n');
    const batch = batchOf([
      {},
      { id: 'lint', status: 'failed', exitCode: 2, stdout: 'out\n', stderr: '50% done\n' },
    ]);
    const text = await github(batch, { GITHUB_WORKSPACE: '/srv/app' });
    expect(text).toBe(
      [
        '::the-token::',
        '::group::lint: failed, exit code 2',
        '| $ make lint',
        '| receipt: /srv/app.receipts/lint.json',
        '| stdout:',
        '| out',
        '| stderr:',
        '| 50% done',
        '::endgroup::',
        '::error file=checks.jsonl,line=2,title=lint%3A failed%2C exit code 2::lint: failed, exit code 2%0A$ make lint%0Areceipt: /srv/app.receipts/lint.json%0Astdout:%0Aout%0Astderr:%0A50%25 done',
        '',
      ].join('\n'),
    );
  });

  test('hostile output forges no command', async () => {
    const text = await github(hostilePage());
    expect(commandsIn(text)).toEqual([
      'the-token',
      'group',
      'endgroup',
      'error',
      'group',
      'endgroup',
      'error',
    ]);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('| ::error title=owned::owned');
    expect(text).toContain(String.raw`| ##\x5berror]owned`);
  });

  test('a file outside of the checkout is not named', async () => {
    expect(await github(batchOf(failures(1)), { GITHUB_WORKSPACE: '/srv/other' })).not.toContain(
      'file=',
    );
  });

  test.each([
    [10, 10, null],
    [11, 10, '2 more tasks did not pass'],
    [1200, 10, '1,191 more tasks did not pass'],
  ])('of %i failures %i are annotations', async (count, annotations, last) => {
    const text = await github(batchOf(failures(count)));
    expect(commandsIn(text).filter((command) => command === 'error')).toHaveLength(annotations);
    if (last !== null) expect(text.trimEnd().endsWith(`::${last}`)).toBe(true);
  });
});

describe('the step summary', () => {
  const mostBytes = 1024 ** 2;

  test('has the counts, what did not pass, and what it said', async () => {
    const { summary, readReceipt } = batchOf([
      {},
      { id: 'lint', status: 'failed', stderr: 'no\n' },
    ]);
    const text = await stepSummary(summary, { readReceipt, mostBytes });
    expect(text).toContain('| passed | failed |\n| ---: | ---: |\n| 1 | 1 |\n');
    expect(text).toContain('| lint | failed&#44; exit code 1 | 1.5 s | 1 |\n');
    expect(text).toContain(
      '```text\n$ make lint\nreceipt: /srv/app.receipts/lint.json\nstderr:\nno\n```',
    );
  });

  test('hostile output means nothing to Markdown and HTML', async () => {
    const { summary, readReceipt } = hostilePage();
    const text = await stepSummary(summary, { readReceipt, mostBytes });
    // What is left once the fenced blocks are gone, each closed by the fence that opened it.
    const outside = text.replace(/^(`{3,})text\n[^]*?^\1$/gm, '');
    expect(outside.replaceAll(/<\/?(details|summary)>/g, '')).not.toMatch(/[<>`[\]()*_\\]|www\./);
    expect(outside.match(/<details>/g)).toHaveLength(2);
    const fences = text.match(/^`+text$/gm) ?? [];
    expect(fences.map((fence) => fence.length - 'text'.length)).toEqual([4, 3]);
    expect(text).toContain(attacks[0] ?? '');
  });

  test.each([100, 1000, 5000, 12_000])(
    'it is never larger than %i bytes, and says what is left out',
    async (bytes) => {
      const { summary, readReceipt } = largePage(2000);
      const text = await stepSummary(summary, { readReceipt, mostBytes: bytes });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes);
      if (bytes === 100) expect(text).toBe('');
      else expect(text).toMatch(/\n(and \d+ more|The output of \d+ more is in their receipts)/);
    },
  );

  test('it is appended, in the room that is left', async () => {
    const path = join(await temporaryDirectory(), 'summary.md');
    await writeFile(path, 'before\n');
    const { summary, readReceipt } = batchOf(failures(3));
    await appendStepSummary(path, summary, readReceipt);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^before\n### Batch checks\n/);
    await appendFile(path, 'x'.repeat(mostBytes - Buffer.byteLength(text)));
    await appendStepSummary(path, summary, readReceipt);
    expect(Buffer.byteLength(await readFile(path))).toBe(mostBytes);
  });
});

describe('GitLab', () => {
  test('only there', () => {
    expect([{}, { GITLAB_CI: 'true' }].map(isGitlab)).toEqual([false, true]);
  });

  test('each failure is a closed section that lasts as long as the task did', async () => {
    const { summary, readReceipt } = batchOf([
      { id: 'lint', status: 'failed', stderr: 'no\n', durationMs: 3000 },
    ]);
    let text = '';
    for await (const chunk of gitlabSections(summary, readReceipt)) text += chunk;
    const start = Date.parse('2025-01-01T00:00:00Z') / 1000;
    expect(text).toBe(
      [
        `\u001b[0Ksection_start:${start}:sandbox_lint[collapsed=true]\r\u001b[0Klint: failed, exit code 1`,
        '$ make lint',
        'receipt: /srv/app.receipts/lint.json',
        'stderr:',
        'no',
        `\u001b[0Ksection_end:${start + 3}:sandbox_lint\r\u001b[0K`,
        '',
      ].join('\n'),
    );
  });

  test('hostile output opens no section', async () => {
    const { summary, readReceipt } = hostilePage();
    let text = '';
    for await (const chunk of gitlabSections(summary, readReceipt)) text += chunk;
    const escaped = text.split('\u001b').slice(1);
    // The start and the end of two sections, with two sequences each, and no other.
    expect(escaped.map((part) => /^\[0K(section_[a-z]+)?/.exec(part)?.[0])).toEqual(
      ['start', 'end', 'start', 'end'].flatMap((what) => [`[0Ksection_${what}`, '[0K']),
    );
  });
});
