import { describe, expect, test } from 'vitest';
import { BuildFailure, isPassing } from '../../src/engine/docker/images/build/build-failure.ts';

/** What programs really say. */
const passing = [
  "W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving 'deb.debian.org'",
  'E: Failed to fetch http://deb.debian.org/x.deb  Could not connect to deb.debian.org:80 (151.101.2.132), connection timed out',
  'E: Failed to fetch http://deb.debian.org/x.deb  Connection failed [IP: 151.101.2.132 80]',
  'E: Failed to fetch http://deb.debian.org/x.deb  Hash Sum mismatch',
  'E: Failed to fetch http://deb.debian.org/x  File has unexpected size (1 != 2). Mirror sync in progress? [IP: 1.2.3.4 80]',
  'E: Failed to fetch http://deb.debian.org/x.deb  503  Service Unavailable [IP: 151.101.2.132 80]',
  'E: Failed to fetch http://deb.debian.org/x.deb  502  Bad Gateway [IP: 151.101.2.132 80]',
  'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt-get)',
  'E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
  'Cannot initiate the connection to deb.debian.org:80 (2a04:4e42::644). - connect (101: Network is unreachable)',
  'WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.20/main: temporary error (try again later)',
  'ERROR: Unable to lock database: Resource temporarily unavailable',
  'npm ERR! code EAI_AGAIN',
  'npm error code ETIMEDOUT',
  'npm error network request to https://registry.example/yarn failed, reason: read ECONNRESET',
  'npm error code E503',
  'npm error 502 Bad Gateway - GET https://registry.example/pnpm',
  'npm ERR! 429 Too Many Requests - GET https://registry.example/pnpm',
  "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='pypi.org', port=443): Read timed out.",
  'curl: (6) Could not resolve host: example.org',
  'curl: (7) Failed to connect to example.org port 443 after 3 ms: Couldn’t connect to server',
  'curl: (22) The requested URL returned error: 503',
  'curl: (28) Operation timed out after 30000 milliseconds with 0 bytes received',
  "fatal: unable to access 'https://example.org/x.git/': Could not resolve host: example.org",
  'fatal: the remote end hung up unexpectedly',
  'Get "https://registry.example/v2/": net/http: TLS handshake timeout',
  'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
];

const lasting = [
  'E: Unable to locate package no-such-package',
  "E: Package 'python' has no installation candidate",
  "E: Version '9' for 'git' was not found",
  'E: Unable to correct problems, you have held broken packages.',
  "E: The repository 'http://deb.debian.org/debian nosuch Release' does not have a Release file.",
  'E: You don’t have enough free space in /var/cache/apt/archives/.',
  '  no-such-package (no such package):',
  'npm error 404 Not Found - GET https://registry.example/no-such-package - Not found',
  'npm error code E404',
  'curl: (22) The requested URL returned error: 404',
  '/bin/sh: 1: no-such-command: not found',
  '/bin/bash: -c: line 1: unexpected EOF while looking for matching `"',
  'main.c:503:12: error: expected expression before token',
  'Tests: 500 passed, 1 failed',
  'make: *** [Makefile:429: all] Error 2',
  'useradd: UID 1000 is not unique',
  'no space left on device',
  "The command '/bin/sh -c exit 1' returned a non-zero code: 1",
];

const failed = {
  profile: 'mine',
  description: 'packages',
  step: 3,
  steps: 6,
  reason: "The command '/bin/sh -euc if command -v' returned a non-zero code: 100",
  output: ['E: Unable to locate package nano2'],
  logPath: '/home/u/.local/state/sandbox/builds/1.log',
};

describe('a build that failed', () => {
  test.each(passing)('may go well a moment later: %s', (line) => {
    expect(isPassing(['before', line, 'after'])).toBe(true);
  });

  test.each(lasting)('fails for good: %s', (line) => {
    expect(isPassing(['before', line, 'after'])).toBe(false);
  });

  test('tells the step, its exit code, the end of its output and the log', () => {
    const output = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const { message, hint, code, isPassing: passes } = new BuildFailure({ ...failed, output });
    const [first, ...rest] = message.split('\n');
    expect(code).toBe('image-build-failed');
    expect(passes).toBe(false);
    expect(first).toBe(
      'the image of profile "mine" could not be built, it failed at step 3 of 6 (packages): exit code 100',
    );
    expect(rest).toEqual(output.slice(-10).map((line) => `  ${line}`));
    expect(hint).toBe('The whole log: /home/u/.local/state/sandbox/builds/1.log');
  });

  test('before its first step has none to name', () => {
    const reason = 'dockerfile parse error on line 1: unknown instruction: FORM';
    const { message } = new BuildFailure({
      ...failed,
      description: null,
      step: 0,
      output: [],
      reason,
    });
    expect(message).toBe(`the image of profile "mine" could not be built, it failed: ${reason}`);
  });

  test('for too many layers says what to join', () => {
    const { hint } = new BuildFailure({ ...failed, reason: 'max depth exceeded' });
    expect(hint).toMatch(/^An engine stacks about 125 layers, and each setup task .* join some/);
  });

  test('for lack of space says where to make room', () => {
    const reason = 'write /x: no space left on device';
    expect(new BuildFailure({ ...failed, reason }).hint).toMatch(/^The engine's disk is full: /);
  });
});
