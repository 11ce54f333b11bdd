import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, parseBytes } from '../../src/spec/bytes.ts';
import { chooseId } from '../../src/spec/choose-id.ts';
import { formatDuration, parseDurationMs } from '../../src/spec/duration.ts';
import { parseEnvFile } from '../../src/spec/environment.ts';
import { Expectation } from '../../src/spec/expectation.ts';
import { parseMount, parseTmpfs, parseVolume } from '../../src/spec/mount.ts';
import { Problems } from '../../src/spec/problems.ts';
import { formatSetting, settingNames, settingOf } from '../../src/spec/settings.ts';
import { IgnoreRules } from '../../src/workspace/ignore-rules.ts';
import { meanText, near } from './support/mean.ts';
import { nearSetting, validCollections } from './support/near-settings.ts';
import { always, expectClear, soundResult } from './support/properties.ts';

describe.each(settingNames)('the setting %s', (name) => {
  test('takes a text or says what it expected; what it shows is taken again', async () => {
    await always(150, nearSetting(name, meanText), (text) => {
      const { parse } = settingOf(name);
      const value = parsedOrClear(text, parse);
      if (value === null) return;
      expect(typeof value).not.toBe('undefined');
      if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0);
      expect(parse(formatSetting(name, value))).toEqual(value);
    });
  });
});

test('No duration but 0 means none, and none is less than was asked for', async () => {
  const whole = fc.oneof(fc.constant(0), fc.nat());
  const amount = fc.tuple(whole, fc.nat(), fc.nat(30));
  const texts = amount.map(([front, part, zeros]) => `${front}.${'0'.repeat(zeros)}${part}`);
  await always(300, fc.tuple(texts, fc.constantFrom('', 'ms', 's', 'm', 'h', 'd')), ([n, unit]) => {
    const ms = parsedOrClear(n + unit, parseDurationMs);
    if (ms !== null) expect(ms === 0).toBe(!/[1-9]/.test(n));
  });
});

test('What is shown of a duration or a size is read as the same again', async () => {
  await always(600, fc.nat({ max: 10 ** 14 }), (amount) => {
    expect(parseDurationMs(formatDuration(amount))).toBe(amount);
    expect(parseBytes(formatBytes(amount))).toBe(amount);
  });
});

test('A size is a whole number of bytes, more of a larger unit', async () => {
  await always(200, fc.nat({ max: 2 ** 31 }), (n) => {
    const sizes = ['', 'k', 'm'].map((unit) => parseBytes(`${n}${unit}`));
    expect(sizes).toEqual([n, n * 1024, n * 1024 ** 2]);
  });
});

test.each([
  ['--volume', parseVolume, validCollections.volumes],
  ['--mount', parseMount, validCollections.mounts],
  ['--tmpfs', parseTmpfs, validCollections.tmpfs],
] as const)('%s gives an absolute target, or says what it expected', async (_, parse, valid) => {
  await always(300, near(valid, meanText), (text) => {
    const found = parsedOrClear(text, (given): { target: string } => parse(given));
    if (found) expect(found.target).toMatch(/^\/[^\0]+$/s);
  });
});

test('Each line of an env file is a variable or a problem, and no problem tells a value', async () => {
  const value = 'hunter2-hunter2';
  const line = near(
    [`A=${value}`, `export B=${value}`, `=${value}`, '# x', 'PATH', 'é=1'],
    meanText,
  );
  await always(400, fc.array(line, { maxLength: 5 }), (lines) => {
    const problems = new Problems();
    const text = lines.join('\n');
    const found = parseEnvFile({ path: 'x.env', text }, { PATH: 'p' }, problems);
    for (const [name, content] of Object.entries(found)) {
      expect(name).not.toMatch(/[\0=]|^$/);
      expect(content).not.toContain('\0');
    }
    problems.found.forEach(expectClear);
    // Nobody can tell that the name of a variable is a secret.
    if (lines.some((each) => /^\s*[^\s=]*hunter2/.test(each))) return;
    expect(JSON.stringify(problems.found)).not.toContain(value);
  });
});

test('An id is chosen by itself or by how only it begins, else the answer names what is there', async () => {
  const ids = fc.uniqueArray(fc.oneof(meanText, near(['task-1', 'task-2'])), { maxLength: 6 });
  await always(
    300,
    fc.tuple(ids, fc.oneof(meanText, near(['task-1', 'tas']))),
    async ([all, typed]) => {
      const words = { place: 'a task', none: 'None.', code: 'task-not-found' } as const;
      const id = await soundResult(['task-not-found'], () =>
        chooseId(typed, { ids: all, ...words }),
      );
      if (id === null) expect(all).not.toContain(typed);
      else expect(all.filter((each) => each === typed || each.startsWith(typed))).toContain(id);
    },
  );
});

test('A .dockerignore says of each path whether it is ignored, or what is wrong with it', async () => {
  const line = near(
    ['*.log', '!keep/**', 'a/**/b', '[a-z]?', '**/node_modules/', '# no'],
    meanText,
  );
  const file = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));
  await always(300, fc.tuple(file, near(['a/b/c.log', 'keep'], meanText)), ([text, path]) => {
    const rules = rulesOf(text);
    if (!rules) return;
    const { isIgnored, matched } = rules.verdict(path, null);
    expect(rules.verdict(path, null).isIgnored).toBe(isIgnored);
    // What is below has at least the rules of its directory.
    const below = rules.verdict(`${path}/x`, matched).matched;
    expect(matched.every((isMatched, index) => !isMatched || below[index])).toBe(true);
  });
});

function rulesOf(text: string): IgnoreRules | null {
  try {
    return IgnoreRules.parse(text);
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    expectClear({ subject: '.dockerignore', message: (error as Error).message });
    return null;
  }
}

/** A parser of one text has no other way to fail. */
function parsedOrClear<T>(text: string, parse: (text: string) => T): T | null {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Expectation)) throw error;
    expect(error.message).toMatch(/^expected [^]+, got "[^]*"/);
    return null;
  }
}
