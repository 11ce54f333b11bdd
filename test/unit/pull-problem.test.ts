import { expect, test } from 'vitest';
import { pullFailure } from '../../src/engine/docker/images/pull/pull-failure.ts';
import {
  type PullProblem,
  isPassing,
  pullProblemOf,
  pullProblems,
} from '../../src/engine/docker/images/pull/pull-problem.ts';

/** What engines say: 20.10 to 28 with their own store, 25 and later with that of containerd, and Podman. */
const said: readonly (readonly [PullProblem, string])[] = [
  ['not-found', 'manifest for debian:nosuch not found: manifest unknown: manifest unknown'],
  ['not-found', 'manifest for 127.0.0.1:5000/app:1 not found: manifest unknown'],
  ['not-found', 'repository 127.0.0.1:5000/app not found: name unknown: repository name not known'],
  [
    'not-found',
    'failed to resolve reference "docker.io/library/debian:nosuch": docker.io/library/debian:nosuch: not found',
  ],
  [
    'not-found',
    'initializing source docker://debian:nosuch: reading manifest nosuch in docker.io/library/debian: manifest unknown',
  ],
  [
    'not-found',
    'short-name "app" did not resolve to an alias and no unqualified-search registries are defined',
  ],
  [
    'needs-login',
    "pull access denied for no/such, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
  ],
  [
    'needs-login',
    'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
  ],
  ['needs-login', 'Head "https://registry.example/v2/app/manifests/1": no basic auth credentials'],
  [
    'needs-login',
    'Get https://registry.example/v2/app/manifests/1: unauthorized: authentication required',
  ],
  [
    'needs-login',
    'unexpected status from HEAD request to https://registry.example/v2/app/manifests/1: 401 Unauthorized',
  ],
  [
    'needs-login',
    'failed to resolve reference "registry.example/app:1": unexpected status from HEAD request: 403 Forbidden',
  ],
  ['bad-login', 'Get https://registry.example/v2/: unauthorized: incorrect username or password'],
  [
    'rate-limited',
    'toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading',
  ],
  ['rate-limited', 'received unexpected HTTP status: 429 Too Many Requests'],
  ['wrong-platform', 'no matching manifest for linux/arm64/v8 in the manifest list entries'],
  [
    'wrong-platform',
    'no matching manifest for linux/amd64 in the manifest list entries: no match for platform in manifest: not found',
  ],
  [
    'wrong-platform',
    'image with reference app was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64',
  ],
  [
    'wrong-platform',
    'no image found in image index for architecture "s390x", variant "", OS "linux"',
  ],
  ['wrong-platform', 'image operating system "windows" cannot be used on this platform'],
  [
    'disk-full',
    'failed to register layer: Error processing tar file(exit status 1): write /usr/bin/x: no space left on device',
  ],
  ['disk-full', 'write /var/lib/docker/tmp/GetImageBlob1: disk quota exceeded'],
  [
    'unknown-host',
    'Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 127.0.0.53:53: no such host',
  ],
  [
    'unreachable',
    'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused',
  ],
  [
    'unreachable',
    'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: no route to host',
  ],
  ['unreachable', 'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: i/o timeout'],
  [
    'unreachable',
    'Get "https://registry.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
  ],
  ['unreachable', 'Get "https://registry.example/v2/": net/http: TLS handshake timeout'],
  [
    'unreachable',
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example: Temporary failure in name resolution',
  ],
  [
    'unreachable',
    'Get "https://registry.example/v2/": proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused',
  ],
  ['unreachable', 'Get "https://registry.example/v2/": context deadline exceeded'],
  [
    'untrusted',
    'Get "https://registry.example/v2/": x509: certificate signed by unknown authority',
  ],
  [
    'untrusted',
    'Get "https://registry.example/v2/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  ],
  [
    'untrusted',
    'Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client',
  ],
  ['untrusted', 'Get "https://registry.example/v2/": remote error: tls: handshake failure'],
  ['registry-error', 'received unexpected HTTP status: 503 Service Unavailable'],
  [
    'registry-error',
    'error parsing HTTP 502 response body: invalid character \'<\' looking for beginning of value: "<html>"',
  ],
  [
    'registry-error',
    'unexpected status from GET request to https://registry.example/v2/app/blobs/sha256:1: 500 Internal Server Error',
  ],
  ['registry-error', 'Get "https://registry.example/v2/": EOF'],
  ['registry-error', 'unexpected EOF'],
  ['registry-error', 'read tcp 192.0.2.2:1->192.0.2.1:443: read: connection reset by peer'],
  ['registry-error', 'filesystem layer verification failed for digest sha256:1'],
  ['invalid-name', 'invalid reference format: repository name must be lowercase'],
  [
    'other',
    'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported',
  ],
];

test.each(said)('%s: %s', (problem, message) => {
  expect(pullProblemOf(message)).toBe(problem);
});

const failed = {
  reference: 'app:1',
  platform: null,
  isBase: false,
  reason: 'engine words',
  loginProblem: null,
};

test('every problem has words and a remedy of its own, and repeats what the engine said', () => {
  const failures = pullProblems.map((problem) => pullFailure(problem, failed));
  const texts = failures.map(({ message }) => message);
  expect(new Set(texts).size).toBe(pullProblems.length);
  expect(new Set(failures.map(({ hint }) => hint)).size).toBe(pullProblems.length);
  for (const text of texts)
    expect(text).toMatch(/^the image "app:1" could not be pulled: .* \(engine words\)$/);
});

test('the base of a profile is replaced with another option than the image of a task', () => {
  const hints = (isBase: boolean) =>
    pullProblems.map((problem) => pullFailure(problem, { ...failed, isBase }).hint ?? '').join();
  expect(hints(false)).toContain('--image');
  expect(hints(false)).not.toContain('--build-arg');
  expect(hints(true)).toContain('--build-arg BASE=IMAGE');
  expect(hints(true)).not.toContain('--image');
});

test('what is to be imported is named as it would be pulled, unless a digest pins it', () => {
  const unreachable = (reference: string) =>
    pullFailure('unreachable', { ...failed, reference }).hint;
  expect(unreachable('app:1')).toContain('`sandbox image import DIR app:1`');
  expect(unreachable(`app@sha256:${'0'.repeat(64)}`)).not.toContain('image import');
});

test('the platform that was asked for is named', () => {
  const { message } = pullFailure('unreachable', { ...failed, platform: 'linux/arm64' });
  expect(message).toContain('the image "app:1" for linux/arm64 could not be pulled');
});

test('only what may pass by itself is tried again', () => {
  expect(pullProblems.filter(isPassing)).toEqual(['unreachable', 'registry-error']);
});
