import { describe, expect, test } from 'vitest';
import { type SettingName, settingNames, settingOf } from '../../src/spec/settings.ts';

const accepted: [name: SettingName, text: string, value: unknown][] = [
  ['memory', '6m', 6 * 1024 ** 2],
  ['memory', '2g', 2 * 1024 ** 3],
  ['cpus', '0.01', 0.01],
  ['cpus', '.5', 0.5],
  ['cpus', '2', 2],
  ['pidsLimit', '1', 1],
  ['pidsLimit', '999999999', 999_999_999],
  ['timeout', '0', 0],
  ['killAfter', '0', 0],
  ['network', 'isolated', 'isolated'],
  ['network', 'egress', 'egress'],
  ['network', 'none', 'none'],
  ['network', 'my_net.1', 'my_net.1'],
  ['user', '0', '0'],
  ['user', '1000:1000', '1000:1000'],
  ['user', 'nobody', 'nobody'],
  ['user', 'www-data:www-data', 'www-data:www-data'],
  ['workspaceMode', 'copy', 'copy'],
  ['apply', 'on-success', 'on-success'],
  ['workspaceLimit', '1g', 1024 ** 3],
  ['runtime', 'io.containerd.kata.v2', 'io.containerd.kata.v2'],
  ['writableRoot', 'true', true],
  ['writableRoot', 'false', false],
  ['engine', 'auto', 'auto'],
  ['isolation', 'vm', 'vm'],
  ['pull', 'never', 'never'],
  ['outputLimit', '0', 0],
];

const refused: [name: SettingName, text: string, expected: string][] = [
  ['memory', '0', 'a size of at least 6m'],
  ['memory', '5m', 'a size of at least 6m'],
  ['memory', '-1', 'a size such as 512m or 2g'],
  ['memory', '12x', 'a size such as 512m or 2g'],
  ['memory', '', 'a size such as 512m or 2g'],
  ['cpus', '0', 'a number of CPUs'],
  ['cpus', '0.001', 'a number of CPUs'],
  ['cpus', '-1', 'a number of CPUs'],
  ['cpus', '1e3', 'a number of CPUs'],
  ['cpus', '100001', 'a number of CPUs'],
  ['cpus', '', 'a number of CPUs'],
  ['pidsLimit', '0', 'a number of processes of at least 1'],
  ['pidsLimit', '-1', 'a number of processes of at least 1'],
  ['pidsLimit', '1.5', 'a number of processes of at least 1'],
  ['pidsLimit', '1000000000', 'a number of processes of at least 1'],
  ['network', 'host', "host would share the host's network"],
  ['network', 'container:x', 'egress, isolated, none or the name of an existing network'],
  ['network', '', 'the name of an existing network'],
  ['network', '-x', 'the name of an existing network'],
  ['user', '', 'a user such as 1000:1000 or nobody'],
  ['user', '-1', 'a user such as 1000:1000 or nobody'],
  ['user', '1000:', 'a user such as 1000:1000 or nobody'],
  ['user', ':1000', 'a user such as 1000:1000 or nobody'],
  ['user', '1:2:3', 'a user such as 1000:1000 or nobody'],
  ['user', 'a b', 'a user such as 1000:1000 or nobody'],
  ['writableRoot', 'yes', 'one of true, false'],
  ['writableRoot', '', 'one of true, false'],
  ['engine', 'podman', 'one of auto, docker, simulation'],
  ['isolation', 'strong', 'one of none, namespace, container, gvisor, vm'],
  ['pull', 'Never', 'one of missing, always, never'],
  ['receipt', '', 'the path of a file'],
  ['receipt', 'a\0b', 'the path of a file'],
  ['workspace', '', 'a directory'],
  ['outputLimit', '-1', 'a size such as 512m or 2g'],
];

test.each(accepted)('%s takes "%s"', (name, text, value) => {
  expect(settingOf(name).parse(text)).toBe(value);
});

test.each(refused)('%s refuses "%s" and says what it expects', (name, text, expected) => {
  expect(() => settingOf(name).parse(text)).toThrow(expected);
  expect(() => settingOf(name).parse(text)).toThrow(`got ${JSON.stringify(text)}`);
});

describe('the table of settings', () => {
  const withDefault = settingNames.filter((name) => settingOf(name).default !== null);

  test.each(withDefault)('The default of %s is one that a user could write', (name) => {
    const { parse, default: text } = settingOf(name);
    expect(() => parse(text ?? '')).not.toThrow();
  });

  test('No two settings share a variable', () => {
    const variables = settingNames.flatMap((name) => settingOf(name).environment);
    expect(new Set(variables).size).toBe(variables.length);
  });

  test('A project may only narrow what can be measured', () => {
    const narrowed = settingNames.filter((name) => settingOf(name).project === 'may-narrow');
    expect(narrowed.filter((name) => !settingOf(name).width)).toEqual([]);
  });
});
