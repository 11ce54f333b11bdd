import { expect, test } from 'vitest';
import { fitsPlatform, platformText } from '../../src/engine/docker/images/pull/pull-platform.ts';

const amd64 = { Os: 'linux', Architecture: 'amd64' };
const arm64 = { Os: 'linux', Architecture: 'arm64', Variant: 'v8' };
const arm = { Os: 'linux', Architecture: 'arm', Variant: '' };

test.each([
  [amd64, null, true],
  [amd64, 'linux/amd64', true],
  [amd64, 'linux/x86_64', true],
  [amd64, 'linux/arm64', false],
  [amd64, 'windows/amd64', false],
  [arm64, 'linux/arm64', true],
  [arm64, 'linux/aarch64', true],
  [arm64, 'linux/arm64/v8', true],
  [arm64, 'linux/arm64/v9', false],
  [arm, 'linux/arm/v7', true],
  [arm, 'linux/arm/v6', false],
  [{}, 'linux/amd64', false],
])('%o for "%s": %s', (image, asked, fits) => {
  expect(fitsPlatform(image, asked)).toBe(fits);
});

test('is told as it is asked for', () => {
  expect([amd64, arm64, arm].map(platformText)).toEqual([
    'linux/amd64',
    'linux/arm64/v8',
    'linux/arm',
  ]);
});
