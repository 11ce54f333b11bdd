import { errnoOf, messageOf } from '../failure.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  ENXIO: 'it is not a regular file',
  EACCES: 'permission denied',
  ELOOP: 'its symlinks lead in a circle',
  EMFILE: 'no more files can be opened (ulimit -n)',
  ENAMETOOLONG: 'its name is too long',
  EIO: 'the disk failed',
};

/** What kept a file from being read, in words; `besides` for what means something else from place to place. */
export function whyUnreadable(
  error: unknown,
  besides: Readonly<Partial<Record<'ELOOP' | 'ENOTDIR', string>>> = {},
): string {
  return { ...reasons, ...besides }[errnoOf(error) ?? ''] ?? messageOf(error);
}
