import { describe, expect, test } from 'vitest';
import {
  type BubblewrapInput,
  bubblewrapArguments,
} from '../../src/engine/simulation/bubblewrap-arguments.ts';
import { sandboxView } from '../../src/engine/simulation/sandbox-view.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';

const host = {
  system: [
    { kind: 'bind', source: '/usr', target: '/usr', readOnly: true },
    { kind: 'symlink', target: '/bin', to: 'usr/bin' },
    { kind: 'bind', source: '/etc/ssl/certs', target: '/etc/ssl/certs', readOnly: true },
  ],
  hidden: [
    { kind: 'hidden-file', target: '/proc/keys' },
    { kind: 'hidden-directory', target: '/proc/acpi' },
  ],
} as const;
const person = { uid: 1000, gid: 100 };
const secrets = [{ name: 'TOKEN', value: Buffer.from('hidden value') }];

function viewOf(changes: Partial<TaskSpec> = {}) {
  return sandboxView(taskSpec(changes), { host, person, secrets });
}

function argumentsOf(changes: Partial<BubblewrapInput> = {}) {
  const input: BubblewrapInput = {
    ...{ features: { disableUserns: true, tmpfsSize: true }, person, view: viewOf() },
    ...{ directory: '/workspace', writableRoot: false, sharesNetwork: false },
    ...{ environment: { A: 'a b' }, seccomp: null },
    ...changes,
  };
  return bubblewrapArguments(input, 5);
}

/** The values that follow a word. */
function after(args: readonly string[], word: string, count: number): string[][] {
  return args.flatMap((arg, index) =>
    arg === word ? [args.slice(index + 1, index + 1 + count)] : [],
  );
}

describe('what bubblewrap is asked for', () => {
  test('every namespace, no capability, no environment but the task’s', () => {
    const { args } = argumentsOf();
    for (const word of [
      ...['--unshare-all', '--unshare-user', '--disable-userns', '--new-session'],
      ...['--die-with-parent', '--clearenv'],
    ]) {
      expect(args).toContain(word);
    }
    expect(after(args, '--cap-drop', 1)).toEqual([['ALL']]);
    expect(after(args, '--uid', 1)).toEqual([['1000']]);
    expect(after(args, '--gid', 1)).toEqual([['100']]);
    expect(after(args, '--setenv', 2)).toEqual([['A', 'a b']]);
    expect(args).not.toContain('--share-net');
    expect(argumentsOf({ sharesNetwork: true }).args).toContain('--share-net');
  });

  test('the clean environment comes before the task’s own', () => {
    const { args } = argumentsOf();
    expect(args.indexOf('--clearenv')).toBeLessThan(args.indexOf('--setenv'));
  });

  test('the kernel’s paths and the root are closed after everything was put in place', () => {
    const { args } = argumentsOf();
    expect(after(args, '--remount-ro', 1).flat()).toEqual(['/proc', '/dev', '/proc/acpi', '/']);
    expect(args.lastIndexOf('--tmpfs')).toBeLessThan(args.indexOf('--remount-ro'));
    const open = argumentsOf({ writableRoot: true }).args;
    expect(after(open, '--remount-ro', 1).flat()).toEqual(['/proc', '/dev', '/proc/acpi']);
  });

  test('the content of files goes by descriptor, in order, and a secret is in no argument', () => {
    const { args, data } = argumentsOf({ seccomp: Buffer.from('filter') });
    const fds = after(args, '--ro-bind-data', 2);
    const secret = fds.find(([, target]) => target === '/run/secrets/TOKEN')?.[0];
    expect(data[Number(secret) - 5]?.toString()).toBe('hidden value');
    expect(data[Number(after(args, '--seccomp', 1)[0]?.[0]) - 5]?.toString()).toBe('filter');
    expect(args.join('\n')).not.toContain('hidden value');
  });

  test('directories on the way are open, whatever lies in them', () => {
    const { args } = argumentsOf();
    const made = after(args, '--dir', 1).flat();
    expect(made).toEqual(['/etc', '/etc/ssl', '/home', '/run', '/run/secrets']);
    expect(args.lastIndexOf('--dir')).toBeLessThan(args.indexOf('--ro-bind'));
  });

  test('what an older bubblewrap does not know is left out', () => {
    const { args } = argumentsOf({ features: { disableUserns: false, tmpfsSize: false } });
    expect(args).not.toContain('--disable-userns');
    expect(args).not.toContain('--size');
  });
});

describe('what the task sees', () => {
  test('memory at /tmp and $HOME, half of the limit each', () => {
    const limits = taskLimits({ memoryBytes: 1000 });
    const view = viewOf({ limits, environment: { HOME: '/home/me' } });
    const spaces = view.filter(({ kind }) => kind === 'memory');
    expect(spaces.map(({ target }) => target)).toEqual(['/tmp', '/dev/shm', '/home/me']);
    expect(spaces.find(({ target }) => target === '/tmp')).toMatchObject({ sizeBytes: 500 });
  });

  test.each(['/etc', '/sys', '/usr', '/proc', '/dev', '/bin'])(
    'no memory over %s, whatever $HOME is',
    (HOME) => {
      const targetsOf = (view: ReturnType<typeof viewOf>) =>
        view.map(({ kind, target }) => `${kind} ${target}`);
      expect(targetsOf(viewOf({ environment: { HOME } }))).toEqual(
        targetsOf(viewOf({})).filter((entry) => entry !== 'memory /home/sandbox'),
      );
    },
  );

  test('parents come before what is mounted in them', () => {
    const mounts = [
      { type: 'bind', source: '/a', target: '/workspace/deep/a', readOnly: true },
      { type: 'bind', source: '/b', target: '/workspace/b', readOnly: false },
    ] as const;
    const targets = viewOf({ mounts: [...mounts] }).map(({ target }) => target);
    const order = ['/workspace', '/workspace/b', '/workspace/deep/a'];
    expect(targets.filter((target) => target.startsWith('/workspace'))).toEqual(order);
  });

  test('what the caller shows takes the place of ours', () => {
    const mounts = [{ type: 'bind', source: '/srv/etc', target: '/etc', readOnly: true }] as const;
    const targets = viewOf({ mounts: [...mounts] }).map(({ target }) => target);
    expect(targets.filter((target) => target.startsWith('/etc'))).toEqual(['/etc']);
  });

  test('the workspace is read-only where that was asked for', () => {
    const workspace = (mode: TaskSpec['workspaceMode']) =>
      viewOf({ workspaceMode: mode }).find(({ target }) => target === '/workspace');
    expect(workspace('ro')).toMatchObject({ source: '/srv/app', readOnly: true });
    expect(workspace('rw')).toMatchObject({ source: '/srv/app', readOnly: false });
  });
});
