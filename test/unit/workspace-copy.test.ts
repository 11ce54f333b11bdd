import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { acquireLock } from '../../src/engine/lock.ts';
import { currentOwner } from '../../src/engine/owner.ts';
import { Sweep } from '../../src/run/leftovers-beside.ts';
import { WorkspaceSession } from '../../src/workspace/workspace-session.ts';
import { failureOf } from './support/failure.ts';
import { linesOf, runIn, shell, specOf, workspaceWith } from './support/workspace-task.ts';

const copy = { workspaceMode: 'copy' } as const;
const listing =
  "find . -printf '%P %y %m %l %U:%G %T@\n' | sort; find . -type f -print0 | sort -z | xargs -0r cat";
const receipts = (workspace: string) => shell('ls -A ../app.receipts', workspace);

/** Names in the copy, as the task sees them. */
async function copied(workspace: string): Promise<string[]> {
  let names = '';
  await runIn(workspace, {
    ...copy,
    task: (shown) => (names = shell('find . -mindepth 1', shown)),
  });
  return names.trim().split('\n').sort();
}

describe('a copied workspace', () => {
  test('is the same for the task, and the original stays as it is', async () => {
    const workspace = await workspaceWith(
      String.raw`mkdir -p src/deep empty shut; echo 1 >src/a; echo 22 >$'src/deep/b\xff'; ln -s /nowhere dangling; ln -s src link; cp /bin/true u; chmod u+s u; chmod 640 src/a; touch -d '2001-02-03 04:05:06.25' src/a src/deep; chmod 551 shut; chmod 2775 empty; chown -h 1234:4321 src/a src dangling`,
    );
    const before = shell(listing, workspace);
    let seen = '';
    const end = await runIn(workspace, {
      ...copy,
      task: (shown) => {
        expect(shown).not.toBe(workspace);
        seen = shell(listing, shown);
        shell('rm -r src; echo 3 >c; mkfifo p', shown);
      },
    });
    expect(comparable(seen)).toBe(comparable(before));
    expect(shell(listing, workspace)).toBe(before);
    expect(linesOf(end).slice(0, 4)).toEqual(['+ c', '+ p', '- src', '- src/a']);
    expect(end.report).toMatchObject({ applied: null, copyKeptAt: null });
    expect(end.failure).toBeNull();
    expect(end.report.changes?.complete).toBe(true);
    expect(receipts(workspace)).toBe('');
  });

  test('lies where only its owner can enter, and is gone when nothing was started', async () => {
    const workspace = await workspaceWith('echo 1 >a');
    const session = WorkspaceSession.open(specOf(workspace, copy));
    await session.ready();
    const path = await session.path;
    expect(path).toBe(`${workspace}.receipts/.task.json.copy/workspace`);
    expect(shell('stat -c %a ..', path)).toBe('700\n');
    await session.discard();
    expect(receipts(workspace)).toBe('');
  });

  test('that is abandoned while it fills is gone as well', async () => {
    const workspace = await workspaceWith('seq -f %g 3000 | xargs touch; truncate -s 300M big');
    const session = WorkspaceSession.open(specOf(workspace, copy));
    await session.path;
    await session.discard();
    await expect(session.ready()).rejects.toThrow('discarded');
    expect(receipts(workspace)).toBe('');
  });

  test('has no special files, and says so', async () => {
    const workspace = await workspaceWith('mkfifo p; mknod n c 1 3; touch f');
    const end = await runIn(workspace, { ...copy, task: 'test "$(ls)" = f' });
    expect(end.report.changes).toMatchObject({
      complete: true,
      limitsReached: [
        'not in the copy, since it is a device: n',
        'not in the copy, since it is a fifo: p',
      ],
    });
  });

  test('of more than a piece has the same content', async () => {
    const workspace = await workspaceWith('head -c 5000001 /dev/urandom >big; sha256sum big >sum');
    const end = await runIn(workspace, { ...copy, task: 'sha256sum -c sum' });
    expect(end.failure).toBeNull();
  });

  test('that cannot be made leaves nothing and says why', async () => {
    const workspace = await workspaceWith('touch a; ln -s a .dockerignore');
    const session = WorkspaceSession.open(specOf(workspace, copy));
    const failure = await failureOf(() => session.ready());
    expect(failure.code).toBe('workspace-not-copied');
    expect(failure.message).toContain('.dockerignore: it is a symlink');
    expect(await failureOf(() => session.path)).toBe(failure);
    expect(receipts(workspace)).toBe('');
  });
});

describe('what .dockerignore leaves out of a copy', () => {
  test('is not there, while exceptions are, with their directories', async () => {
    const workspace = await workspaceWith(
      'mkdir -p node_modules/x logs/keep/deep src; touch node_modules/x/y logs/a logs/keep/b src/a.log src/a logs/keep/deep/c; printf "%s\n" "# all" node_modules "**/*.log" logs "!logs/keep" >.dockerignore',
    );
    expect(await copied(workspace)).toEqual([
      './.dockerignore',
      './logs',
      './logs/keep',
      './logs/keep/b',
      './logs/keep/deep',
      './logs/keep/deep/c',
      './src',
      './src/a',
    ]);
  });

  test('may be unreadable', async () => {
    const workspace = await workspaceWith('mkdir shut; mkfifo shut/p; echo shut >.dockerignore');
    expect(await copied(workspace)).toEqual(['./.dockerignore']);
  });
});

const mounted: string[] = [];
afterEach(() => {
  for (const path of mounted.splice(0)) shell(`umount ${path}`, '/');
});

/** A file system of a few KiB where receipts and copies go. */
function smallDisk(workspace: string, kib: number): string | null {
  const path = `${workspace}.receipts`;
  try {
    shell(`mount -t tmpfs -o size=${kib}k,mode=700 none ${path} 2>/dev/null`, '/');
  } catch {
    return 'only root can mount';
  }
  mounted.push(path);
  return null;
}

test('a full disk leaves no copy, and says so', async ({ skip }) => {
  const workspace = await workspaceWith('mkdir a; head -c 3M /dev/zero >a/big; touch b');
  const reason = smallDisk(workspace, 1024);
  if (reason) skip(reason);
  const session = WorkspaceSession.open(specOf(workspace, copy));
  const failure = await failureOf(() => session.ready());
  expect(failure.code).toBe('workspace-not-copied');
  expect(failure.message).toContain('the disk is full');
  expect(receipts(workspace)).toBe('');
});

describe('a copy that a killed run left', () => {
  /** As a run does that is killed: its lock names a process that is dead. */
  async function leaveCopy(workspace: string, name: string): Promise<string> {
    const receiptPath = join(`${workspace}.receipts`, name);
    const session = WorkspaceSession.open(specOf(workspace, { ...copy, receiptPath }));
    await session.ready();
    shell('mkdir -p locked/x; touch locked/x/y; chmod 0 locked', await session.path);
    return await session.path;
  }

  const leaveLock = (workspace: string, name: string, dead: boolean) => {
    const owner = JSON.stringify({ ...currentOwner(), ...(dead ? { pidStart: '1' } : {}) });
    shell(`printf '%s' '${owner}' > ../app.receipts/.${name}.lock`, workspace);
  };

  const sweep = async (workspace: string) => {
    const beside = new Sweep(`${workspace}.receipts/task.json`);
    beside.begin();
    await beside.end();
  };

  test('is removed beside the task of the next run', async () => {
    const workspace = await workspaceWith('touch a');
    await leaveCopy(workspace, 'dead.json');
    leaveLock(workspace, 'dead.json', true);
    await leaveCopy(workspace, 'unlocked.json');
    await sweep(workspace);
    expect(receipts(workspace)).toBe('');
  });

  test('is removed by the run that has its name', async () => {
    const workspace = await workspaceWith('touch a');
    await leaveCopy(workspace, 'task.json');
    expect(await copied(workspace)).toEqual(['./a']);
    expect(receipts(workspace)).toBe('');
  });

  test('is left alone while its run lives', async () => {
    const workspace = await workspaceWith('touch a');
    const path = await leaveCopy(workspace, 'alive.json');
    const lock = await acquireLock(`${workspace}.receipts/.alive.json.lock`);
    await sweep(workspace);
    expect(existsSync(path)).toBe(true);
    await lock?.release();
  });

  test('is not taken for what somebody else calls by such a name', async () => {
    const workspace = await workspaceWith('touch a');
    const others =
      'mkdir .vimrc.copy .x.copy.0123456789ab; echo 1 >.bashrc.copy; ln -s ../app .y.copy';
    shell(others, `${workspace}.receipts`);
    await sweep(workspace);
    expect(receipts(workspace).trim().split('\n')).toEqual([
      '.bashrc.copy',
      '.vimrc.copy',
      '.x.copy.0123456789ab',
      '.y.copy',
    ]);
    expect(shell('ls', workspace)).toBe('a\n');
  });

  test('is a failure where somebody else has taken its place', async () => {
    const workspace = await workspaceWith('touch a');
    shell('mkdir .task.json.copy; touch .task.json.copy/mine', `${workspace}.receipts`);
    const session = WorkspaceSession.open(specOf(workspace, copy));
    expect((await failureOf(() => session.ready())).message).toContain(
      'the place of the copy is taken',
    );
    expect(existsSync(`${workspace}.receipts/.task.json.copy/mine`)).toBe(true);
  });
});

/** Times are kept to the microsecond, those of symlinks not at all. */
function comparable(text: string): string {
  return text.replace(/^(\S+ l .*) \S+$/gm, '$1').replace(/(\.\d{6})\d+$/gm, '$1');
}
