import { describe, expect, onTestFinished, test } from 'vitest';
import { dockerCommands } from '../../src/engine/docker/docker-run-line.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { taskSpec } from './support/task-spec.ts';

/** The `docker run` of a task, as words. */
function runLine(changes: Partial<TaskSpec> = {}): string[] {
  return dockerCommands(taskSpec(changes), '1000:1000').at(-1) ?? [];
}

/** What follows each occurrence of a flag. */
function valuesOf(line: readonly string[], flag: string): string[] {
  return line.filter((_, index) => line[index - 1] === flag);
}

const size = 'rw,exec,nosuid,nodev,mode=1777,size=268435456,uid=1000,gid=1000';

test('The line of a task without any wish has every protection', () => {
  const line = [
    'docker run --rm --init --name sandbox-task-1 --hostname sandbox',
    '--network none --dns 127.0.0.1 --dns-search . --add-host sandbox:127.0.0.1',
    '--memory 536870912 --memory-swap 536870912 --cpus 1 --pids-limit 256',
    '--cap-drop ALL --security-opt no-new-privileges --read-only',
    '--ipc private --ulimit core=0:0 --log-driver none --no-healthcheck --shm-size 268435456',
    `--tmpfs /tmp:${size} --tmpfs /home/sandbox:${size}`,
    '--mount type=bind,source=/srv/app,target=/workspace --workdir /workspace --user 1000:1000',
    '--env HOME=/home/sandbox --entrypoint make --pull missing debian:bookworm-slim check',
  ].join(' ');
  expect(runLine().join(' ')).toBe(line);
});

describe('the network', () => {
  test.each([
    ['isolated', false, 'none'],
    ['egress', true, 'sandbox-egress'],
    ['none', false, 'none'],
    ['my-net', false, 'my-net'],
  ])('%s is made first only where it is ours', (network, isMade, name) => {
    const lines = dockerCommands(taskSpec({ network }), '0:0');
    expect(lines).toHaveLength(isMade ? 2 : 1);
    expect(valuesOf(lines.at(-1) ?? [], '--network')).toEqual([name]);
  });

  test('What makes ours is understood by every engine', () => {
    const [line = []] = dockerCommands(taskSpec({ network: 'egress' }), '0:0');
    expect(line.slice(0, 3)).toEqual(['docker', 'network', 'create']);
    expect(line.at(-1)).toBe('sandbox-egress');
    expect(valuesOf(line, '--opt')).toEqual(['com.docker.network.bridge.enable_icc=false']);
  });
});

test('What loosens a task is in the line', () => {
  const line = runLine({
    capAdd: ['NET_RAW', 'CHOWN'],
    securityOpt: ['seccomp=/profile.json'],
    runtime: 'runsc',
    workspaceMode: 'ro',
  });
  expect(valuesOf(line, '--cap-add')).toEqual(['NET_RAW', 'CHOWN']);
  expect(valuesOf(line, '--security-opt')).toEqual(['no-new-privileges', 'seccomp=/profile.json']);
  expect(valuesOf(line, '--runtime')).toEqual(['runsc']);
  expect(valuesOf(line, '--mount')).toEqual([
    'type=bind,source=/srv/app,target=/workspace,readonly',
  ]);
});

test('A copy is made first, and the task sees the copy', () => {
  const lines = dockerCommands(taskSpec({ workspaceMode: 'copy' }), '0:0');
  expect(lines[0]).toEqual([
    ...['cp', '--archive', '--reflink=auto', '/srv/app', '/srv/app.task-1.copy'],
  ]);
  expect(valuesOf(lines[1] ?? [], '--mount')).toEqual([
    'type=bind,source=/srv/app.task-1.copy,target=/workspace',
  ]);
});

test('The files of secrets are made first, and no value is shown', () => {
  const secrets = [
    { name: 'A', path: null },
    { name: 'B', path: '/keys/b' },
  ];
  const lines = dockerCommands(taskSpec({ secrets }), '0:0');
  const folder = '/dev/shm/sandbox-task-1.secrets';
  expect(lines[0]).toEqual(['mkdir', '-m', '700', folder]);
  expect(lines[1]?.slice(-2)).toEqual(['A', `${folder}/A`]);
  expect(lines[2]).toEqual(['install', '-m', '444', '/keys/b', `${folder}/B`]);
  expect(valuesOf(lines[3] ?? [], '--mount').slice(1)).toEqual([
    `type=bind,source=${folder}/A,target=/run/secrets/A,readonly`,
    `type=bind,source=${folder}/B,target=/run/secrets/B,readonly`,
  ]);
});

test.each<[string, Partial<TaskSpec>, string[]]>([
  ['replaces the ENTRYPOINT', {}, ['--entrypoint', 'make', '--pull', 'missing', 'I', 'check']],
  ['goes to the ENTRYPOINT', { keepEntrypoint: true }, ['--pull', 'missing', 'I', 'make', 'check']],
])('The command %s', (_, changes, end) => {
  expect(runLine({ image: 'I', ...changes }).slice(-end.length)).toEqual(end);
});

test('A path with a comma or a quote is a field of its own in CSV', () => {
  const source = '/a,b "c"';
  const mounts: TaskSpec['mounts'] = [{ type: 'bind', source, target: '/x', readOnly: true }];
  expect(valuesOf(runLine({ mounts }), '--mount')[1]).toBe(
    'type=bind,"source=/a,b ""c""",target=/x,readonly',
  );
});

test('What differs from the default is in the line, and what is not asked for is not', () => {
  const line = runLine({
    writableRoot: true,
    stdin: true,
    pull: 'never',
    labels: { team: 'a' },
    tmpfs: [{ target: '/scratch', sizeBytes: 1024 }],
  });
  expect(line).not.toContain('--read-only');
  expect(line).toContain('--interactive');
  expect(valuesOf(line, '--pull')).toEqual(['never']);
  expect(valuesOf(line, '--label')).toEqual(['team=a']);
  expect(valuesOf(line, '--tmpfs')).toContain(
    '/scratch:rw,exec,nosuid,nodev,mode=1777,size=1024,uid=1000,gid=1000',
  );
});

test.each([
  ['1000', ',uid=1000'],
  ['0:0', ''],
  ['0:1000', ''],
  ['node', ''],
])('Memory for the user "%s" is theirs as far as a file system can know them', (user, words) => {
  const line = dockerCommands(taskSpec(), user).at(-1) ?? [];
  const options = `rw,exec,nosuid,nodev,mode=1777,size=268435456${words}`;
  expect(valuesOf(line, '--tmpfs')).toEqual([`/tmp:${options}`, `/home/sandbox:${options}`]);
});

test("A value that is the caller's own is not spelled out, so that it can be shown to others", () => {
  process.env.SANDBOX_UNIT_SECRET = 'hunter2';
  onTestFinished(() => {
    delete process.env.SANDBOX_UNIT_SECRET;
  });
  const environment = { SANDBOX_UNIT_SECRET: 'hunter2', OTHER: 'x', SANDBOX_UNIT_MISSING: 'y' };
  expect(valuesOf(runLine({ environment }), '--env')).toEqual([
    'HOME=/home/sandbox',
    'SANDBOX_UNIT_SECRET',
    'OTHER=x',
    'SANDBOX_UNIT_MISSING=y',
  ]);
});
