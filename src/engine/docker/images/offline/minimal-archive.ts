import type { Readable } from 'node:stream';
import type { Busybox } from './minimal-busybox.ts';

/** A root file system of one program and its names. */
export async function minimalArchive(
  { program, links }: Busybox,
  withBash: boolean,
): Promise<Readable> {
  const { default: tar } = await import('tar-stream');
  const archive = tar.pack();
  const mtime = new Date(0);
  for (const [name, mode] of folders) archive.entry({ name, type: 'directory', mode, mtime });
  const home = {
    name: 'home/sandbox',
    type: 'directory',
    mode: 0o755,
    uid: 1000,
    gid: 1000,
  } as const;
  archive.entry({ ...home, mtime });
  for (const [name, text] of Object.entries(files))
    archive.entry({ name, mode: 0o644, mtime }, text);
  archive.entry({ name: busyboxPath, mode: 0o755, mtime }, program);
  for (const name of new Set(['bin/sh', 'usr/bin/env', ...links])) {
    if (name === busyboxPath) continue;
    archive.entry({ name, type: 'symlink', linkname: `/${busyboxPath}`, mode: 0o777, mtime });
  }
  // A link would not do: busybox goes by the name that it is called by.
  if (withBash)
    archive.entry({ name: 'bin/bash', mode: 0o755, mtime }, '#!/bin/sh\nexec /bin/sh "$@"\n');
  archive.finalize();
  return archive;
}

const busyboxPath = 'bin/busybox';

const folders: readonly (readonly [string, number])[] = [
  ...['bin', 'sbin', 'usr', 'usr/bin', 'usr/sbin', 'etc', 'dev', 'proc', 'sys', 'var', 'home'].map(
    (name) => [name, 0o755] as const,
  ),
  ['root', 0o700],
  ['tmp', 0o1777],
  ['var/tmp', 0o1777],
];

const files: Readonly<Record<string, string>> = {
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'sandbox:x:1000:1000:sandbox:/home/sandbox:/bin/sh',
    'nobody:x:65534:65534:nobody:/nonexistent:/bin/false',
    '',
  ].join('\n'),
  'etc/group': 'root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};
