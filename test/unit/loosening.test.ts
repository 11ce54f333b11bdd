import { describe, expect, test } from 'vitest';
import { parseCapability } from '../../src/spec/capabilities.ts';
import { parseSecurityOption } from '../../src/spec/security-option.ts';
import { problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';

const caller = { env: {}, cwd: '/home/me', uid: 1000, gid: 1000 };

describe('--cap-add', () => {
  test.each(['NET_RAW', 'net_raw', 'CAP_NET_RAW', 'cap_net_raw'])('takes %s', (text) => {
    expect(parseCapability(text)).toBe('NET_RAW');
  });
  test.each(['', 'ALL', 'all', 'CAP_ALL', 'NET_ROW', 'NET_RAW,SYS_ADMIN'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseCapability(text)).toThrow('expected a capability such as NET_RAW');
    },
  );
});

describe('--security-opt', () => {
  test.each([
    ['seccomp=unconfined', 'seccomp=unconfined'],
    ['seccomp:unconfined', 'seccomp=unconfined'],
    ['seccomp=profile.json', 'seccomp=/home/me/profile.json'],
    ['seccomp=/etc/x.json', 'seccomp=/etc/x.json'],
    ['apparmor=docker-default', 'apparmor=docker-default'],
    ['label=type:svirt_t', 'label=type:svirt_t'],
    ['no-new-privileges', null],
    ['no-new-privileges:true', null],
  ])('takes %s', (text, expected) => {
    expect(parseSecurityOption(text, caller)).toBe(expected);
  });
  test.each([
    'no-new-privileges=false',
    'no-new-privileges:false',
    'systempaths=unconfined',
    'seccomp',
    'seccomp=',
    'credentialspec=file://x',
    '',
  ])('refuses "%s"', (text) => {
    expect(() => parseSecurityOption(text, caller)).toThrow('expected seccomp=unconfined');
  });
});

describe('--apply', () => {
  test.each(['rw', 'ro'])('means nothing in mode %s', async (workspaceMode) => {
    const around = await Surroundings.create();
    const flags = layerOf({ apply: 'always', workspaceMode });
    expect(await problemsOf(() => around.resolve({ flags }))).toEqual([
      `--apply: expected --workspace-mode copy with it: there is nothing to bring back from "${workspaceMode}"`,
    ]);
  });

  test('is taken with a copy', async () => {
    const around = await Surroundings.create();
    const spec = await around.resolve({
      flags: layerOf({ apply: 'always', workspaceMode: 'copy' }),
    });
    expect(spec).toMatchObject({ apply: 'always', workspaceMode: 'copy', manifest: true });
  });
});
