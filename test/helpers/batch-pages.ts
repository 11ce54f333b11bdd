import type { BatchSummary } from '../../src/receipt/batch-summary.ts';
import { type EndedTask, batchOf } from '../unit/support/batch.ts';

/** Gives tasks to slots as a batch does: each to the one that is free first. */
function scheduled(tasks: readonly EndedTask[], jobs: number): EndedTask[] {
  const freeMs = Array.from({ length: jobs }, (_, slot) => slot * 6);
  return tasks.map((task) => {
    if (task.status === 'not-run' || task.reused) return task;
    const slot = freeMs.indexOf(Math.min(...freeMs));
    const startMs = freeMs[slot] ?? 0;
    freeMs[slot] = startMs + (task.durationMs ?? 1500) + 40;
    return { ...task, slot, startMs };
  });
}

function page(tasks: readonly EndedTask[], changes: Partial<BatchSummary>) {
  return batchOf(scheduled(tasks, changes.jobs ?? 4), changes);
}

const pytest = (suite: string, durationMs: number, more: EndedTask = {}): EndedTask => ({
  id: `py-${suite}`,
  command: ['pytest', '-q', `tests/${suite}`],
  durationMs,
  ...more,
});
const lint = (id: string, command: readonly string[], durationMs: number): EndedTask => ({
  id: `lint-${id}`,
  command: [...command],
  durationMs,
});

const failedTest = `\u001b[1m============================= test session starts ==============================\u001b[0m
collected 48 items

tests/orders/test_refund.py ..............F...                           [ 37%]
tests/orders/test_totals.py ..............................              [100%]

=================================== FAILURES ===================================
\u001b[31m\u001b[1m________________________ test_partial_refund_keeps_tax ________________________\u001b[0m

    def test_partial_refund_keeps_tax(order):
        refund = order.refund(lines=[order.lines[0]])
\u001b[31m>       assert refund.tax == Decimal("1.90")
E       AssertionError: assert Decimal('1.89') == Decimal('1.90')\u001b[0m

tests/orders/test_refund.py:87: AssertionError
\u001b[31m=========================== \u001b[1m1 failed\u001b[0m\u001b[31m, 47 passed in 6.21s ===========================\u001b[0m
`;

/** What a web shop's project checks before it is released, with every ending. */
const checks: readonly EndedTask[] = [
  lint('types', ['npx', 'tsc', '--noEmit'], 9_400),
  lint('eslint', ['npx', 'eslint', '.', '--max-warnings', '0'], 12_800),
  lint('prettier', ['npx', 'prettier', '--check', '.'], 4_100),
  lint('ruff', ['ruff', 'check', 'services'], 900),
  lint('mypy', ['mypy', '--strict', 'services'], 14_300),
  lint('shellcheck', ['sh', '-c', 'shellcheck scripts/*.sh'], 1_200),
  lint('openapi', ['npx', 'redocly', 'lint', 'api/openapi.yaml'], 2_600),
  lint('dockerfiles', ['sh', '-c', 'hadolint images/*/Dockerfile'], 1_700),
  pytest('accounts', 5_800),
  pytest('basket', 4_300),
  pytest('catalogue', 7_900),
  pytest('orders', 6_900, { status: 'failed', stdout: failedTest, attempts: 2 }),
  pytest('payments', 8_700),
  pytest('shipping', 3_900),
  pytest('search', 11_500, {
    status: 'out-of-memory',
    stdout: 'collected 22 items\n\ntests/search/test_index.py ......',
    stderr: 'Killed\n',
  }),
  pytest('mail', 2_700),
  pytest('admin', 6_100),
  pytest('api', 9_200, { attempts: 2 }),
  { id: 'unit-web', command: ['npx', 'vitest', 'run', 'web'], durationMs: 10_600 },
  { id: 'unit-components', command: ['npx', 'vitest', 'run', 'components'], durationMs: 7_300 },
  {
    id: 'e2e-checkout',
    command: ['npx', 'playwright', 'test', 'checkout'],
    durationMs: 30_400,
    status: 'timed-out',
    attempts: 2,
    stdout: 'Running 4 tests using 1 worker\n  ✓  1 guest can pay by invoice (3.1s)\n',
    stderr: 'waiting for locator("#pay-now") to be visible\n',
  },
  { id: 'e2e-login', command: ['npx', 'playwright', 'test', 'login'], durationMs: 13_800 },
  { id: 'e2e-search', command: ['npx', 'playwright', 'test', 'search'], durationMs: 16_200 },
  { id: 'e2e-account', command: ['npx', 'playwright', 'test', 'account'], durationMs: 18_900 },
  { id: 'build-web', command: ['npm', 'run', 'build'], durationMs: 21_700 },
  { id: 'build-api', command: ['python3', '-m', 'build', 'services/api'], durationMs: 8_100 },
  {
    id: 'build-docs',
    command: ['make', '-C', 'docs', 'html'],
    durationMs: 5_600,
    status: 'workspace-limit',
    stdout: 'writing output... [ 61%] reference/orders\n',
  },
  { id: 'migrate-empty', command: ['./manage.py', 'migrate'], durationMs: 6_600 },
  { id: 'migrate-last', command: ['./manage.py', 'migrate', '--from', 'v41'], durationMs: 7_700 },
  {
    id: 'migrate-check',
    command: ['./manage.py', 'makemigrations', '--check'],
    durationMs: 2_200,
    status: 'failed',
    exitCode: 1,
    stderr: "orders: model 'Refund' has changes that are in no migration\n",
  },
  {
    id: 'licences',
    command: ['npx', 'license-checker', '--production'],
    durationMs: 300,
    status: 'not-started',
  },
  { id: 'audit-npm', command: ['npm', 'audit', '--omit', 'dev'], durationMs: 3_200 },
  { id: 'audit-python', command: ['pip-audit', '-r', 'requirements.txt'], durationMs: 4_900 },
  {
    id: 'secrets',
    command: ['gitleaks', 'detect', '--no-banner'],
    durationMs: 5_100,
    status: 'engine-failed',
  },
  { id: 'bundle-size', command: ['npx', 'size-limit'], durationMs: 8_800 },
  { id: 'links', command: ['npx', 'linkinator', 'docs/_build'], durationMs: 0, reused: true },
  { id: 'spelling', command: ['npx', 'cspell', 'docs/**'], durationMs: 2_900 },
  {
    id: 'load-basket',
    command: ['k6', 'run', 'load/basket.js'],
    durationMs: 12_300,
    status: 'cancelled',
    stdout: 'running (12.1s), 20/20 VUs, 1874 complete iterations\n',
  },
  { id: 'load-search', command: ['k6', 'run', 'load/search.js'], status: 'not-run' },
  { id: 'load-checkout', command: ['k6', 'run', 'load/checkout.js'], status: 'not-run' },
];

export const checksPage = () =>
  page(checks, { name: 'release-checks', jobs: 6, ending: 'cancelled', exitCode: 130 });

/** As many as people will ever open at once; one in forty fails. */
export function largePage(count = 10_000) {
  const tasks = Array.from({ length: count }, (_, index): EndedTask => {
    const spread = ((index * 7919) % 1000) / 1000;
    const durationMs = Math.round(120 + 2600 * spread ** 4 + (index % 997 === 0 ? 14_000 : 0));
    const status = index % 211 === 5 ? 'timed-out' : index % 53 === 7 ? 'failed' : 'passed';
    const id = `convert-${String(index + 1).padStart(5, '0')}`;
    const command = ['./convert', `scans/${id}.tiff`, '--to', 'webp'];
    return { id, command, status, durationMs, stderr: `${id}: bad strip offset\n` };
  });
  return page(tasks, { name: 'convert-scans', jobs: 16 });
}

/** What a task would print to get out of where it is shown, or to break it. */
export const attacks = [
  '</script><script>document.title="owned"</script>',
  '<img src=x onerror="document.title=\'owned\'">',
  '<!--<script>',
  ']]>&lt;b&gt;<![CDATA[',
  '\u001b[2J\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u0000\u0008',
  '\u202Etxt.exe\u202C \u2066isolated\u2069 \u05e9\u05dc\u05d5\u05dd',
  '\u2028document.title="owned"\u2029',
  '::error title=owned::owned',
  '##[error]owned',
  '\u001b[0Ksection_start:1:owned\r\u001b[0Kowned',
  '```\n</details><h1>owned</h1> | [owned](javascript:alert(1)) www.owned.example',
  'Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a',
];

export function hostilePage() {
  const output = [...attacks, 'x'.repeat(1024 ** 2), ...attacks].join('\n');
  const command = ['sh', '-c', `echo '${attacks.join('\n')}'`];
  const reason = attacks.join('\n');
  return page(
    [
      { id: 'hostile-output', command, status: 'failed', stdout: output, stderr: output, reason },
      {
        id: 'no-utf-8',
        status: 'failed',
        stdout: Buffer.from([0xff, 0xfe, 0x3c, 0x80, 0x0a, 0x00, 0xc3]),
      },
      { id: 'honest', status: 'passed' },
    ],
    { name: `</title><script>document.title="owned"</script>`, file: `/srv/${attacks[1] ?? ''}` },
  );
}
