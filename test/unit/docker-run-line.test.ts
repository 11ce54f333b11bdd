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

const size = 'rw,exec,nosuid,nodev,mode=1777,size=268435456';

test('The line of a task without any wish has every protection', () => {
  const line = [
    'docker run --rm --init --name sandbox-task-1 --hostname sandbox',
    '--network sandbox-isolated --dns 127.0.0.1 --dns-search .',
    '--memory 536870912 --memory-swap 536870912 --cpus 1 --pids-limit 256',
    '--cap-drop ALL --security-opt no-new-privileges --read-only',
    '--ipc private --ulimit core=0:0 --log-driver none --no-healthcheck',
    `--tmpfs /tmp:${size} --tmpfs /home/sandbox:${size}`,
    '--mount type=bind,source=/srv/app,target=/workspace --workdir /workspace --user 1000:1000',
    '--env HOME=/home/sandbox --entrypoint make --pull missing debian:bookworm-slim check',
  ].join(' ');
  expect(runLine().join(' ')).toBe(line);
});

describe('the network', () => {
  test.each([
    ['isolated', true, 'sandbox-isolated'],
    ['egress', true, 'sandbox-egress'],
    ['none', false, 'none'],
    ['my-net', false, 'my-net'],
  ])('%s is made first only where it is ours', (network, isMade, name) => {
    const lines = dockerCommands(taskSpec({ network }), '0:0');
    expect(lines).toHaveLength(isMade ? 2 : 1);
    expect(valuesOf(lines.at(-1) ?? [], '--network')).toEqual([name]);
  });

  test('What makes the isolated one is understood by every engine', () => {
    const [line = []] = dockerCommands(taskSpec(), '0:0');
    expect(line.slice(0, 4)).toEqual(['docker', 'network', 'create', '--internal']);
    expect(line.at(-1)).toBe('sandbox-isolated');
    expect(valuesOf(line, '--opt')).toEqual([
      'com.docker.network.bridge.enable_icc=false',
      'com.docker.network.bridge.inhibit_ipv4=true',
    ]);
  });
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
  expect(valuesOf(line, '--tmpfs')).toContain('/scratch:rw,exec,nosuid,nodev,mode=1777,size=1024');
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
