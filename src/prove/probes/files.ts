import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Receipt } from '../../receipt/receipt.ts';
import { nothingBroke } from '../findings.ts';
import { perl } from '../perl.ts';
import type { ProbePlace } from '../place.ts';
import type { HostFindings, Probe, Stage } from '../probe.ts';

export const fileProbes: readonly Probe[] = [
  {
    name: 'write-outside',
    tries: 'write to every mounted file system and system directory outside the workspace',
    expects: 'only memory of its own takes it',
    promise: 'On the host a task writes only to its workspace.',
    mechanism: {
      container: 'read-only root file system; /tmp, $HOME and /dev are tmpfs of its own',
      gvisor: 'read-only root file system; /tmp and $HOME are tmpfs of its own',
      namespace: 'only system directories are visible, read-only; /tmp and $HOME are its own',
    },
    limits: ['file-system'],
    task: {
      language: 'perl',
      program: perl(String.raw`
use Cwd ();
my $token = shift @ARGV;
my $here = Cwd::getcwd();
my %type;
for (split /\n/, slurp('/proc/self/mounts')) {
  my (undef, $at, $type) = split / /;
  $at =~ s/\\([0-7]{3})/chr oct $1/ge;
  $type{$at} = $type;
}
sub type_of { my ($path) = @_; while (!exists $type{$path}) { return '' if $path eq '/'; $path =~ s{/[^/]*$}{}; $path = '/' if $path eq '' } return $type{$path} }
die "no mounted file system can be seen\n" unless %type;
my %memory = map { $_ => 1 } qw(tmpfs mqueue devpts ramfs);
my %seen;
my @system = qw(/ /bin /boot /etc /home /lib /media /mnt /opt /proc /proc/sys /root /run /sbin /srv /sys /sys/fs/cgroup /usr /usr/bin /usr/lib /usr/local/bin /var /var/lib /var/log /var/tmp /var/spool);
for my $path (grep { !$seen{$_}++ } sort(keys %type), @system) {
  next if $path eq $here || index($path, "$here/") == 0;
  if (-d $path) {
    my $file = ($path eq '/' ? '' : $path) . "/$token";
    tried("create $file");
    sysopen(my $made, $file, O_WRONLY | O_CREAT | O_EXCL, 0600) or next;
    if ($memory{type_of($path)}) { fact("scratch-$path", $file); next }
    unlink $file;
    broke("created $file on " . type_of($path));
  } elsif (-f $path) {
    tried("open $path for writing");
    broke("opened $path for writing") if sysopen(my $opened, $path, O_WRONLY);
  }
}
`),
      prepare: (place) => Promise.resolve({ args: [place.token], after: scratchOnHost(place) }),
    },
    judge: (seen) =>
      nothingBroke(seen, 6, ({ findings }) => {
        const scratch = Object.keys(findings.facts).filter((name) => name.startsWith('scratch-'));
        return `memory of its own: ${scratch.map((name) => name.slice(8)).join(', ')}`;
      }),
  },
  {
    name: 'receipt-symlink',
    tries: 'have the receipt written through a symlink that stands in its place',
    expects: 'the file that the link leads to is untouched',
    promise: 'The receipt is never written through a symlink.',
    mechanism: {
      container: 'a new file, renamed to its place',
      gvisor: 'a new file, renamed to its place',
      namespace: 'a new file, renamed to its place',
      none: 'a new file, renamed to its place',
    },
    task: { language: 'sh', program: 'echo "tried to end well"; echo done', prepare: plantSymlink },
    judge: (seen) => nothingBroke(seen, 1),
  },
  {
    name: 'setuid-left-behind',
    tries: 'leave a set-user-id shell, a setgid file and a FIFO in the workspace',
    expects: 'they are harmless once the task has ended',
    promise: 'What a task leaves in the workspace gives nobody privileges.',
    mechanism: {
      container: 'set-user-id, setgid and special files are defused after the run, and listed',
      gvisor: 'set-user-id, setgid and special files are defused after the run, and listed',
      namespace: 'set-user-id, setgid and special files are defused after the run, and listed',
      none: 'set-user-id, setgid and special files are defused after the run, and listed',
    },
    task: {
      language: 'sh',
      program: String.raw`
mkdir deep && cp /bin/sh deep/setuid && cp /bin/sh setgid && mkfifo fifo || exit 1
chmod 4755 deep/setuid && chmod 2755 setgid || exit 1
echo "tried to leave a set-user-id file"; echo "tried to leave a setgid file"; echo "tried to leave a FIFO"; echo done`,
      prepare: ({ workspace }) =>
        Promise.resolve({ after: (receipt) => leftHarmful(workspace, receipt) }),
    },
    judge: (seen) => nothingBroke(seen, planted.length),
  },
  {
    name: 'file-owner',
    tries: 'leave a file and a directory in the workspace',
    expects: 'they belong to the caller',
    promise: 'What a task writes belongs to the caller.',
    mechanism: {
      container: "the task runs with the caller's uid and gid",
      gvisor: "the task runs with the caller's uid and gid",
      namespace: "the task runs with the caller's uid and gid",
      none: 'the task is a process of the caller',
    },
    task: {
      language: 'sh',
      program: 'mkdir made && echo x > made/file && echo "tried to write" && echo done',
      prepare: ({ workspace }) => Promise.resolve({ after: () => foreignOwners(workspace) }),
    },
    judge: (seen) => nothingBroke(seen, 1),
  },
];

const planted = [
  { path: 'deep/setuid', found: 'setuid' },
  { path: 'setgid', found: 'setgid' },
  { path: 'fifo', found: 'fifo' },
] as const;

/** A tmpfs that is the host's own would keep the file. */
function scratchOnHost({ token }: ProbePlace) {
  return async (receipt: Receipt): Promise<HostFindings> => {
    const lines = (receipt.stdout.text ?? '').split('\n');
    const files = lines.flatMap((line) => /^fact scratch-\S+ (.*)$/.exec(line)?.[1] ?? []);
    const own = files.filter((file) => file.endsWith(`/${token}`));
    const found = await Promise.all(own.map(async (file) => ((await exists(file)) ? [file] : [])));
    return { broke: found.flat().map((file) => `${file} is on the host`) };
  };
}

async function plantSymlink({ receiptPath, root }: ProbePlace): Promise<Stage> {
  const victim = join(root, 'victim');
  const text = 'not to be touched\n';
  await mkdir(dirname(receiptPath));
  await writeFile(victim, text);
  await symlink(victim, receiptPath);
  return {
    after: async () => {
      const isUntouched = (await readFile(victim, 'utf8')) === text;
      const found = await lstat(receiptPath);
      return {
        broke: [
          ...(isUntouched ? [] : ['the file that the link leads to was written to']),
          ...(found.isFile() ? [] : ['there is no receipt in its place']),
        ],
      };
    },
  };
}

/** What nobody found and defused was perhaps never there: then nothing was tried. */
async function leftHarmful(workspace: string, receipt: Receipt): Promise<HostFindings> {
  const defused = receipt.workspace.defused ?? [];
  // gVisor keeps a FIFO in its own kernel: the host never has it.
  const reached = planted.filter(
    ({ found }) => found !== 'fifo' || receipt.isolation.level !== 'gvisor',
  );
  const missing = reached.filter(
    ({ path, found }) => !defused.some((entry) => entry.path === path && entry.found === found),
  );
  const untried = missing.map(({ path, found }) => `${path}: the receipt names no ${found} there`);
  return { broke: await stillHarmful(workspace), untried };
}

async function stillHarmful(workspace: string): Promise<string[]> {
  const found = await Promise.all(
    planted.map(async ({ path }) => {
      const seen = await lstat(join(workspace, path)).catch(() => null);
      if (!seen) return [];
      const isArmed = (seen.mode & 0o6000) !== 0 || !seen.isFile();
      return isArmed ? [`${path} has mode ${(seen.mode & 0o177777).toString(8)}`] : [];
    }),
  );
  return found.flat();
}

async function foreignOwners(workspace: string): Promise<HostFindings> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  const found = await Promise.all(
    ['made', 'made/file'].map(async (path) => ({
      path,
      ...(await ownerOf(join(workspace, path))),
    })),
  );
  if (uid === undefined) return { untried: ['this system knows no owners'] };
  const foreign = found.filter((seen) => seen.uid !== uid || seen.gid !== gid);
  return { broke: foreign.map((seen) => `${seen.path} belongs to ${seen.uid}:${seen.gid}`) };
}

async function ownerOf(path: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await lstat(path);
  return { uid, gid };
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
