import { describe, expect, test } from 'vitest';
import { pullProblemOf } from '../../src/engine/docker/images/pull/pull-problem.ts';
import { withoutReference } from '../../src/engine/docker/images/pull/without-reference.ts';

const digest = `sha256:${'403'.repeat(21)}4`;

/** As 20.10, later engines with the image store of containerd, Podman and registries name what they did not find. */
const missing = (repository: string, tag: string) => [
  `manifest for ${repository}:${tag} not found: manifest unknown: manifest unknown`,
  `failed to resolve reference "docker.io/library/${repository}:${tag}": docker.io/library/${repository}:${tag}: not found`,
  `initializing source docker://${repository}:${tag}: reading manifest ${tag} in ${repository}: manifest unknown`,
  `manifest unknown: manifest tagged by "${tag}" is not found`,
  `Head "http://127.0.0.1:5000/v2/${repository}/manifests/${tag}": manifest unknown`,
  `repository ${repository} not found: name unknown: repository name not known to registry`,
];

describe.each([
  ['app', 'build-403'],
  ['app', '401'],
  ['403', '1'],
  ['403', '401'],
  ['denied', 'unauthorized'],
  ['team/denied', 'latest'],
  ['127.0.0.1:5000/app', 'rate-limit'],
  ['registry.example/certificate/app', 'no-such-host'],
])('what was not found is no other problem, whatever it is called: %s:%s', (repository, tag) => {
  test.each(missing(repository, tag))('%s', (said) => {
    expect(pullProblemOf(withoutReference(said, `${repository}:${tag}`))).toBe('not-found');
  });
});

test('nor is it with a digest', () => {
  const said = `manifest for app@${digest} not found: manifest unknown`;
  expect(withoutReference(said, `app@${digest}`)).toBe(
    'manifest for … not found: manifest unknown',
  );
});

test.each([
  [
    'needs-login',
    'unexpected status from HEAD request to https://a.b/v2/app/manifests/1: 401 Unauthorized',
  ],
  [
    'needs-login',
    'failed to resolve reference "a.b/403:401": unexpected status from HEAD request: 403 Forbidden',
  ],
  ['needs-login', 'pull access denied for denied, repository does not exist or may require login'],
  ['registry-error', 'received unexpected HTTP status: 503 Service Unavailable'],
])('what is said besides stays: %s', (problem, said) => {
  for (const reference of ['a.b/app:1', 'a.b/403:401', '401:403', 'denied', '503:503']) {
    expect(pullProblemOf(withoutReference(said, reference))).toBe(problem);
  }
});
