import { type FailureCode, SandboxFailure } from '../../../../failure.ts';
import type { PullProblem } from './pull-problem.ts';
import { loginCommand, registryNameOf } from './registry-reference.ts';

export interface FailedPull {
  readonly reference: string;
  readonly platform: string | null;
  /** True for what the image of a profile is built on. */
  readonly isBase: boolean;
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
  const place = pull.platform === null ? '' : ` for ${pull.platform}`;
  const message = `the image "${pull.reference}"${place} could not be pulled: ${what}`;
  return new SandboxFailure(code, `${message} (${pull.reason})`, { hint: hints });
}

/** Of the options that every command has that may come to pull it. */
function otherImage({ isBase }: FailedPull): string {
  return isBase
    ? 'name another base or a mirror with --build-arg BASE=IMAGE'
    : 'choose another image with --image';
}

function offline({ reference }: FailedPull): string {
  // A digest is the registry's to give.
  const made = reference.includes('@') ? '' : `, or \`sandbox image import DIR ${reference}\``;
  return `Where there is no network: \`sandbox image load FILE.tar\`${made}.`;
}

const explanations: Record<PullProblem, (pull: FailedPull) => Explanation> = {
  'not-found': (pull) => ({
    code: 'image-not-found',
    what: `${registryNameOf(pull.reference)} has no such image or tag`,
    hint: `Check its name and tag, or ${otherImage(pull)}.`,
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
  'rate-limited': (pull) => ({
    code: 'image-pull-failed',
    what: `${registryNameOf(pull.reference)} limits how often it is asked`,
    hint: `Log in with \`${loginCommand(pull.reference)}\`, wait, or ${otherImage(pull)}.`,
  }),
  'wrong-platform': (pull) => ({
    code: 'image-wrong-platform',
    what: `there is none for ${pull.platform ?? "the engine's platform"}`,
    hint: `It is not made for that platform: leave out --platform, or ${otherImage(pull)}.`,
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
  'unknown-host': (pull) => ({
    code: 'image-pull-failed',
    what: `the engine finds no host for ${registryNameOf(pull.reference)}`,
    hint: `Check the name and the engine's DNS, or ${otherImage(pull)}. ${offline(pull)}`,
  }),
  unreachable: (pull) => ({
    code: 'image-pull-failed',
    what: `the engine does not reach ${registryNameOf(pull.reference)}`,
    hint: `Check the engine's network and proxy, or ${otherImage(pull)}. ${offline(pull)}`,
  }),
  'registry-error': (pull) => ({
    code: 'image-pull-failed',
    what: `${registryNameOf(pull.reference)} fails`,
    hint: `Try again later, or ${otherImage(pull)}.`,
  }),
  other: (pull) => ({
    code: 'image-pull-failed',
    what: 'the engine reports a failure',
    hint: `Try \`docker pull ${pull.reference}\`, or ${otherImage(pull)}. ${offline(pull)}`,
  }),
};
