import { describe, expect, test } from 'vitest';
import { type Accounts, nameUser } from '../../src/engine/docker/identity-lines.ts';

const image: Accounts = {
  passwd: {
    path: '/etc/passwd',
    text: 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1001::/:/bin/sh\n',
  },
  group: { path: '/etc/group', text: 'root:x:0:\nstaff:x:50:node\n' },
};
const nothing: Accounts = {
  passwd: { path: '/etc/passwd', text: '' },
  group: { path: '/etc/group', text: '' },
};
const home = '/home/sandbox';

/** The name, and the last line of each file that was changed. */
function named(user: string, accounts: Accounts = image, where = home) {
  const { name, changed } = nameUser(user, accounts, where);
  return [name, ...changed.map(({ text }) => text.trimEnd().split('\n').at(-1))];
}

describe('Who the task runs as', () => {
  test.each([
    ['0:0', ['root']],
    ['0', ['root']],
    ['node', ['node', 'sandbox:x:1001:']],
    ['node:staff', ['node']],
    ['1000:50', ['node']],
    ['00:0', ['root']],
    ['7:50', ['sandbox', 'sandbox:x:7:50::/home/sandbox:/bin/sh']],
    ['7:8', ['sandbox', 'sandbox:x:7:8::/home/sandbox:/bin/sh', 'sandbox:x:8:']],
    ['7', ['sandbox', 'sandbox:x:7:0::/home/sandbox:/bin/sh']],
    ['nobody-here', [null]],
  ])('%s is %j', (user, expected) => {
    expect(named(user)).toEqual(expected);
  });

  test('is root where an image has no accounts at all', () => {
    expect(named('0:0', nothing)).toEqual([
      'root',
      'root:x:0:0::/home/sandbox:/bin/sh',
      'root:x:0:',
    ]);
  });

  test('has a name of its own where ours is taken', () => {
    const passwd = { path: '/etc/passwd', text: 'sandbox:x:1:1::/:/bin/sh' };
    expect(named('7:0', { ...image, passwd })).toEqual([
      ...['sandbox-7', 'sandbox-7:x:7:0::/home/sandbox:/bin/sh'],
    ]);
  });

  test('is not told by a name that no variable should hold', () => {
    const passwd = { path: '/etc/passwd', text: 'a\0b\x1b[2J:x:7:0::/:/bin/sh\n' };
    expect(named('7:0', { ...image, passwd })).toEqual([null]);
  });

  test('is named, and nothing is changed, where the accounts could not be read', () => {
    expect(named('7:8', { passwd: null, group: null })).toEqual(['sandbox']);
  });
});

describe('The line that is added', () => {
  const added = (text: string, where = home) => {
    const accounts = { ...image, passwd: { path: '/p', text } };
    return nameUser('7:0', accounts, where).changed[0];
  };

  test.each(['last:x:1:1::/:/bin/sh', 'last:x:1:1::/:/bin/sh\n'])('follows %j', (text) => {
    const line = 'sandbox:x:7:0::/home/sandbox:/bin/sh\n';
    expect(added(text)).toEqual({ path: '/p', text: `last:x:1:1::/:/bin/sh\n${line}` });
  });

  test.each([
    ['/with:colon', '/'],
    ['/with\nroot::0:0::/:', '/'],
    ['relative', '/'],
    ['', '/'],
    ['/with blank', '/with blank'],
  ])('cannot be broken by the home %j', (where, expected) => {
    expect(added('', where)?.text).toBe(`sandbox:x:7:0::${expected}:/bin/sh\n`);
  });
});
