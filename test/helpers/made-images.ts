import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { type Pack, pack } from 'tar-stream';
import { interpreterOf } from '../../src/engine/interpreter.ts';

/** One entry of a root file system. */
export type MadeFile =
  | { readonly path: string; readonly content: string | Buffer; readonly mode?: number }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly directoryMode: number }
  | { readonly path: string; readonly isPipe: true };

const label = 'LABEL sandbox-test.made=1';

/** Imports an image that consists of nothing but these files; `changes` as of a Dockerfile. Answers its removal. */
export async function makeImage(
  name: string,
  files: readonly MadeFile[],
  changes: readonly string[] = [],
  host = 'unix:///var/run/docker.sock',
): Promise<() => Promise<void>> {
  const archive = pack();
  for (const file of files) add(archive, file);
  archive.finalize();
  const flags = [label, ...changes].flatMap((change) => ['--change', change]);
  const docker = ['--host', host];
  await execa('docker', [...docker, 'import', ...flags, '-', name], {
    input: await bytesOf(archive),
  });
  return async () => {
    await execa('docker', [...docker, 'rmi', '--force', name]);
  };
}

async function bytesOf(archive: Pack): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function add(archive: Pack, file: MadeFile): void {
  const entry = { name: file.path, mtime: new Date(0) };
  if ('link' in file) {
    archive.entry({ ...entry, type: 'symlink', linkname: file.link });
  } else if ('directoryMode' in file) {
    archive.entry({ ...entry, type: 'directory', mode: file.directoryMode });
  } else if ('isPipe' in file) {
    archive.entry({ ...entry, type: 'fifo' });
  } else archive.entry({ ...entry, mode: file.mode ?? 0o644 }, file.content);
}

/** The host's busybox, where it needs no library. It is whatever program it is called as. */
export const busybox = await staticBusybox();

async function staticBusybox(): Promise<Buffer | null> {
  for (const path of ['/bin/busybox', '/usr/bin/busybox', '/sbin/busybox']) {
    if (
      !(await access(path, constants.R_OK).then(
        () => true,
        () => false,
      ))
    )
      continue;
    const program = await readFile(path);
    if (interpreterOf(program.subarray(0, 4096)) === null) return program;
  }
  return null;
}

const applets = [
  'sh',
  'cat',
  'echo',
  'env',
  'id',
  'ls',
  'mktemp',
  'pwd',
  'stat',
  'touch',
  'whoami',
];

/** As small distributions lay it out: one program, and links to it. */
export function smallSystem(program: Buffer): MadeFile[] {
  return [
    { path: 'bin/busybox', content: program, mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, link: '/bin/busybox' })),
    {
      path: 'etc/passwd',
      content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
    },
    { path: 'etc/group', content: 'root:x:0:\nnobody:x:65534:\n' },
    { path: 'root', directoryMode: 0o700 },
  ];
}
