import { expect, test } from 'vitest';
import { splitReference } from '../../src/engine/docker/images/ensure-image.ts';

const digest = `sha256:${'0'.repeat(64)}`;

test.each([
  ['debian', 'debian', 'latest'],
  ['debian:bookworm-slim', 'debian', 'bookworm-slim'],
  ['team/app', 'team/app', 'latest'],
  ['ghcr.io/team/app:1.2', 'ghcr.io/team/app', '1.2'],
  ['localhost:5000/app', 'localhost:5000/app', 'latest'],
  ['localhost:5000/app:1.2', 'localhost:5000/app', '1.2'],
  [`app@${digest}`, `app@${digest}`, null],
  [`localhost:5000/app:1.2@${digest}`, `localhost:5000/app:1.2@${digest}`, null],
])('"%s" is pulled as %s with the tag %s', (reference, fromImage, tag) => {
  expect(splitReference(reference)).toEqual({ fromImage, tag });
});
