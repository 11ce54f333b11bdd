import { errnoOf } from '../failure.ts';

/** Nobody will read any more: a pipe says EPIPE, and a terminal that was closed says EIO, as a broken disk does. */
export function isReaderGone(stream: NodeJS.WriteStream, error: Error): boolean {
  const { isTTY } = stream as { isTTY?: boolean };
  const errno = errnoOf(error);
  return errno === 'EPIPE' || (errno === 'EIO' && isTTY === true);
}
