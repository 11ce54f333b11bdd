import { SandboxFailure } from '../../../../failure.ts';
import { type ImagePlatform, platformText } from './pull-platform.ts';
import type { WantedImage } from './pull.ts';
import { isImageId } from './registry-reference.ts';

export function missing({ reference, pull }: WantedImage): SandboxFailure {
  const message = `the engine has no image "${reference}"`;
  const hint = isImageId(reference)
    ? 'An image id cannot be pulled: name the image, or load it with `sandbox image load FILE.tar`.'
    : `Get it with \`docker pull ${reference}\`, or leave out --pull ${pull}.`;
  return new SandboxFailure('image-not-found', message, { hint });
}

export function wrongPlatform(
  { reference, platform, pull }: WantedImage,
  image: ImagePlatform,
): SandboxFailure {
  const hint =
    pull === 'never'
      ? 'Leave out --pull never to pull it for that platform, or leave out --platform.'
      : 'Choose an image that is made for that platform, or leave out --platform.';
  return new SandboxFailure(
    'image-wrong-platform',
    `expected the image "${reference}" for ${platform ?? ''}, found it for ${platformText(image)}`,
    { hint },
  );
}

export function notAsPinned(reference: string, digests: readonly string[]): SandboxFailure {
  const found = digests.join(', ') || 'no digest';
  return new SandboxFailure(
    'image-pull-failed',
    `expected the engine to have "${reference}" after the pull, found ${found}`,
    { hint: 'Its registry or a mirror gave another image than the digest names.' },
  );
}

export function tooSlow({ reference, pullTimeoutMs }: WantedImage): SandboxFailure {
  return new SandboxFailure(
    'image-pull-failed',
    `the image "${reference}" could not be pulled within ${pullTimeoutMs / 1000} s (--pull-timeout)`,
    {
      hint: `Give it more time with --pull-timeout, or pull it before with \`docker pull ${reference}\`.`,
    },
  );
}
