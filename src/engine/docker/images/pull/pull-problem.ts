/** Why an image could not be pulled, as far as it makes a difference to what can be done. */
export const pullProblems = [
  'wrong-platform',
  'disk-full',
  'rate-limited',
  'bad-login',
  'needs-login',
  'not-found',
  'invalid-name',
  'untrusted',
  'unknown-host',
  'unreachable',
  'registry-error',
  'other',
] as const;
export type PullProblem = (typeof pullProblems)[number];

/** In the words of engines from 20.10 on, with either image store, and of Podman; the first that fits counts. */
const signs: readonly (readonly [PullProblem, RegExp])[] = [
  [
    'wrong-platform',
    /no matching manifest for|no match for platform|no supported platform|does not match the specified platform|does not provide the specified platform|no image found in (manifest list|image index) for|cannot be used on this platform/i,
  ],
  ['disk-full', /no space left on device|disk quota exceeded/i],
  ['rate-limited', /toomanyrequests|too many requests|rate limit|status(?: code)?:? 429/i],
  ['bad-login', /incorrect username or password|invalid username\/password|personal access token/i],
  // Docker Hub and others do not tell a repository that is private from one that does not exist.
  [
    'needs-login',
    /pull access denied|unauthorized|no basic auth|authentication required|authorization failed|access (?:to the resource is|forbidden)|\bdenied\b|\b(?:401|403)\b/i,
  ],
  [
    'not-found',
    /manifest unknown|name unknown|not found: manifest|repository .* not found|manifest .* not found|: not found$|unknown manifest|short-name|\b404\b/i,
  ],
  ['invalid-name', /invalid reference format|repository name must|invalid (?:image )?reference/i],
  // Not that of a handshake that only took too long.
  [
    'untrusted',
    /x509|certificate|server gave HTTP response to HTTPS client|first record does not look like a TLS|remote error: tls|tls: (?!.*timeout)/i,
  ],
  ['unknown-host', /no such host/i],
  [
    'registry-error',
    /\b5\d\d (?:[A-Z]\w+ ?)+|HTTP(?: status:?)? 5\d\d|status(?: code)?:? 5\d\d|internal server error|bad gateway|service unavailable|verification failed|unexpected EOF|\bEOF$|connection reset|broken pipe|http2:|stream error/i,
  ],
  [
    'unreachable',
    /connection refused|no route to host|unreachable|timeout|timed out|deadline exceeded|name resolution|server misbehaving|request canceled|dial tcp|proxyconnect/i,
  ],
];

export function pullProblemOf(engineMessage: string): PullProblem {
  return signs.find(([, sign]) => sign.test(engineMessage))?.[0] ?? 'other';
}

/** Whether it may go well a moment later. */
export function isPassing(problem: PullProblem): boolean {
  return problem === 'unreachable' || problem === 'registry-error';
}
