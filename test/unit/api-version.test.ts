import { describe, expect, test } from 'vitest';
import { isOlder, negotiate } from '../../src/engine/docker/api-version.ts';
import { failureOf } from './support/failure.ts';

const address = { url: 'unix:///run/docker.sock', origin: 'default', tls: null };

describe('the version that is spoken', () => {
  test.each([
    { engine: 'the oldest engine', newest: '1.41', oldest: '1.12', spoken: '1.41' },
    { engine: 'an engine between', newest: '1.48', oldest: '1.24', spoken: '1.48' },
    { engine: 'the newest engine that is known', newest: '1.51', oldest: '1.24', spoken: '1.51' },
    { engine: 'a newer engine', newest: '1.60', oldest: '1.44', spoken: '1.51' },
    {
      engine: 'a newer engine that just knows ours',
      newest: '1.60',
      oldest: '1.51',
      spoken: '1.51',
    },
    { engine: 'an engine of a new major version', newest: '2.0', oldest: '1.24', spoken: '1.51' },
  ])('With $engine ($oldest to $newest) it is $spoken', ({ newest, oldest, spoken }) => {
    const version = negotiate(address, { ApiVersion: newest, MinAPIVersion: oldest });
    expect(version).toBe(spoken);
  });

  test.each([
    ['too old', '1.40', '1.12'],
    ['far too old', '1.9', '1.9'],
    ['too new', '1.99', '1.52'],
    ['of a new major version', '3.0', '2.0'],
  ])('An engine that is %s is refused', async (_, ApiVersion, MinAPIVersion) => {
    const failure = await failureOf(() => negotiate(address, { ApiVersion, MinAPIVersion }));
    expect(failure.code).toBe('engine-api-version');
    expect(failure.message).toContain(
      `it speaks ${MinAPIVersion} to ${ApiVersion}, sandbox 1.41 to 1.51`,
    );
  });
});

test.each([
  ['1.9', '1.41', true],
  ['1.41', '1.9', false],
  ['1.41', '1.41', false],
  ['1.51', '2.0', true],
  ['2.0', '1.51', false],
])('That %s is older than %s is %s', (a, b, expected) => {
  expect(isOlder(a, b)).toBe(expected);
});
