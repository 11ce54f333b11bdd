import { type FailureCode, SandboxFailure } from '../../../../failure.ts';
import type { PullProblem } from './pull-problem.ts';
import { loginCommand, registryNameOf } from './registry-reference.ts';

export interface FailedPull {
  readonly reference: string;
  readonly platform: string | null;
  /** The engine's own words. */
  readonly reason: string;
  /** Why the login could not be read; null where it could. */
  readonly loginProblem: string | null;
}

interface Explanation {
  readonly code: FailureCode;
  readonly what: string;
  readonly hint: string;
}

export function pullFailure(problem: PullProblem, pull: FailedPull): SandboxFailure {
  const { code, what, hint } = explanations[problem](pull);
  const hints = pull.loginProblem === null ? hint : `${hint} Besides, ${pull.loginProblem}.`;
  const message = `the image "${pull.reference}" could not be pulled: ${what}`;
  return new SandboxFailure(code, `${message} (${pull.reason})`, { hint: hints });
}

const offline =
  'Where there is no network: `sandbox image load FILE.tar`, `sandbox image import DIR` or `sandbox image build --minimal`.';

const explanations: Record<PullProblem, (pull: FailedPull) => Explanation> = {
  'not-found': ({ reference }) => ({
    code: 'image-not-found',
    what: `${registryNameOf(reference)} has no such image or tag`,
    hint: 'Check its name and tag, or choose another with --image.',
  }),
  'needs-login': ({ reference }) => ({
    code: 'image-access-denied',
    what: `${registryNameOf(reference)} denies it, or has no such image`,
    hint: `Check its name; if it is private, log in with \`${loginCommand(reference)}\` as the user who runs sandbox.`,
  }),
  'bad-login': ({ reference }) => ({
    code: 'image-access-denied',
    what: `${registryNameOf(reference)} does not accept the login`,
    hint: `Log in again with \`${loginCommand(reference)}\`.`,
  }),
  'rate-limited': ({ reference }) => ({
    code: 'image-pull-failed',
    what: `${registryNameOf(reference)} limits how often it is asked`,
    hint: `Log in with \`${loginCommand(reference)}\`, wait, or pull from a mirror (--image, or --build-arg BASE=IMAGE).`,
  }),
  'wrong-platform': ({ platform }) => ({
    code: 'image-wrong-platform',
    what: `there is none for ${platform ?? "the engine's platform"}`,
    hint: 'Choose an image that is made for it, or another platform with --platform.',
  }),
  'disk-full': () => ({
    code: 'image-pull-failed',
    what: "the engine's disk is full",
    hint: 'Make room with `sandbox image prune` or `docker system prune`, where the engine runs.',
  }),
  'invalid-name': () => ({
    code: 'image-not-found',
    what: 'that is no name of an image',
    hint: 'Expected [REGISTRY/]NAME[:TAG][@DIGEST] in lower case, such as debian:bookworm-slim.',
  }),
  untrusted: ({ reference }) => ({
    code: 'image-pull-failed',
    what: `the engine does not trust ${registryNameOf(reference)}`,
    hint: "Give the engine the registry's certificate (/etc/docker/certs.d/HOST/ca.crt), or list it under insecure-registries in the engine's configuration. Check the clock, too.",
  }),
  'unknown-host': ({ reference }) => ({
    code: 'image-pull-failed',
    what: `the engine finds no host for ${registryNameOf(reference)}`,
    hint: `Check the name and the engine's DNS, or choose another image with --image. ${offline}`,
  }),
  unreachable: ({ reference }) => ({
    code: 'image-pull-failed',
    what: `the engine does not reach ${registryNameOf(reference)}`,
    hint: `Check the engine's network and proxy, or choose another image with --image. ${offline}`,
  }),
  'registry-error': ({ reference }) => ({
    code: 'image-pull-failed',
    what: `${registryNameOf(reference)} fails`,
    hint: 'Try again later, or pull from a mirror (--image, or --build-arg BASE=IMAGE).',
  }),
  other: () => ({
    code: 'image-pull-failed',
    what: 'the engine reports a failure',
    hint: `Try \`docker pull\` on it, or choose another with --image. ${offline}`,
  }),
};
