import { describe, expect, test } from 'vitest';
import { narrowedProfile } from '../../src/engine/docker/narrowed-profile.ts';

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly args?: readonly { readonly op: string }[] | null;
  readonly includes?: { readonly caps?: readonly string[] };
}

const allow = (names: readonly string[], more: object = {}) => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  ...more,
});

/** The rules of a narrowed profile that allow something. */
function allowing(rules: readonly object[], defaultAction = 'SCMP_ACT_ERRNO'): Rule[] {
  const text = narrowedProfile(JSON.stringify({ defaultAction, syscalls: rules })) ?? '{}';
  const { syscalls } = JSON.parse(text) as { syscalls: Rule[] };
  return syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW');
}

describe('a narrowed seccomp profile', () => {
  test('keeps what leads to a namespace from all but those with CAP_SYS_ADMIN', () => {
    expect(allowing([allow(['read', 'unshare', 'keyctl', 'write'])])).toEqual([
      allow(['read', 'write']),
      allow(['unshare', 'keyctl'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    ]);
    expect(allowing([allow(['mount'])])).toEqual([
      allow(['mount'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    ]);
  });

  test('lets clone make threads and processes, and no namespaces', () => {
    const rules = allowing([allow(['clone', 'clone3', 'fork'])]);
    const forAll = rules.filter(({ includes }) => includes?.caps === undefined);
    expect(forAll.map(({ names }) => names)).toEqual([['fork'], ['clone'], ['clone']]);
    const looks = forAll.slice(1).map(({ args }) => args?.[0]);
    expect(looks).toEqual([
      { index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
      { index: 1, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
    ]);
  });

  test('gives nothing that the engine itself refuses', () => {
    const refused = { names: ['clone', 'unshare'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 };
    expect(allowing([refused, allow(['read'])])).toEqual([allow(['read'])]);
  });

  test.each([
    ['is tied to a capability', allow(['setns'], { includes: { caps: ['CAP_SYS_CHROOT'] } })],
    ['looks at the arguments of clone', allow(['clone'], { args: [{ index: 0, value: 1 }] })],
    ['is of nothing withheld', allow(['read'], { args: null, includes: {}, comment: 'x' })],
  ])('leaves a rule alone that %s', (_, rule) => {
    expect(allowing([rule])).toEqual([rule]);
  });

  test('reads the older form with one name to a rule', () => {
    const old = { name: 'read', action: 'SCMP_ACT_ALLOW', args: [] };
    expect(allowing([old])).toEqual([allow(['read'], { args: [] })]);
  });

  test('tells who may not what was withheld, and that there is no clone3', () => {
    const text = narrowedProfile('{"defaultAction":"SCMP_ACT_KILL","syscalls":[]}') ?? '';
    const excludes = { caps: ['CAP_SYS_ADMIN'] };
    expect(JSON.parse(text)).toMatchObject({
      syscalls: [
        { action: 'SCMP_ACT_ERRNO', errnoRet: 1, excludes },
        { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, excludes },
      ],
    });
  });

  test.each([
    ['nothing', ''],
    ['no profile', '[]'],
    ['without rules', '{"defaultAction":"SCMP_ACT_ERRNO"}'],
    ['a list of what is refused', '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}'],
    [
      'with a number that would change',
      '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[],"x":18446744073709551615}',
    ],
  ])('is none where the text is %s', (_, text) => {
    expect(narrowedProfile(text)).toBeNull();
  });
});
