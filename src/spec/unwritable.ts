import { errnoOf, messageOf } from '../failure.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'no more files can be opened (ulimit -n)',
  ENOTDIR: 'a part of its path is not a directory',
  ENAMETOOLONG: 'its name is too long',
};

/** What kept a file from being written, in words; `besides` for what means something else from place to place. */
export function whyUnwritable(
  error: unknown,
  besides: Readonly<Partial<Record<'ENOENT' | 'EEXIST', string>>>,
): string {
  return { ...reasons, ...besides }[errnoOf(error) ?? ''] ?? messageOf(error);
}
