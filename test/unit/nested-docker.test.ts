import { describe, expect, test } from 'vitest';
import { containerOptions } from '../../src/engine/docker/container-options.ts';
import { dockerCommands } from '../../src/engine/docker/docker-run-line.ts';
import { taskSpec } from './support/task-spec.ts';

const spec = taskSpec({ nestedDocker: true, command: ['docker', 'ps'], capAdd: ['SYS_ADMIN'] });
const optionsFor = (user: string, changes: Parameters<typeof taskSpec>[0] = {}) =>
  containerOptions(
    { ...spec, ...changes },
    {
      user,
      scratchOwner: null,
      networkMode: 'none',
      networkSysctls: {},
      securityOptions: ['no-new-privileges'],
      secrets: [],
      imageEntrypoint: ['/entrypoint'],
      labels: {},
      identity: { name: null, mounts: [] },
    },
  );

describe('Docker inside the sandbox', () => {
  test('the command starts beside an engine, whose data goes with the container', () => {
    const { Entrypoint, Cmd, HostConfig } = optionsFor('0:0');
    expect([Entrypoint, Cmd]).toEqual([['/usr/local/bin/with-docker'], ['docker', 'ps']]);
    expect(HostConfig?.Mounts).toContainEqual({
      Type: 'volume',
      Source: '',
      Target: '/var/lib/docker',
    });
    expect(HostConfig?.Privileged).toBeUndefined();
    expect(HostConfig?.CapDrop).toEqual(['ALL']);
    expect(HostConfig?.SecurityOpt).not.toContain('no-new-privileges');
  });

  test('an ENTRYPOINT that is kept starts beside it, too', () => {
    expect(optionsFor('0:0', { keepEntrypoint: true }).Cmd).toEqual([
      '/entrypoint',
      'docker',
      'ps',
    ]);
  });

  test('any user but root gets what a rootless engine needs, and nothing for a network', () => {
    const { HostConfig } = optionsFor('1000:1000');
    const mapping = ['SYS_ADMIN', 'DAC_OVERRIDE', 'SETGID', 'SETUID'];
    expect(HostConfig?.CapAdd).toEqual(mapping);
    expect(optionsFor('0:0').HostConfig?.CapAdd).toContain('NET_ADMIN');
  });

  test('without it nothing of that is given', () => {
    const { Entrypoint, HostConfig } = optionsFor('0:0', { nestedDocker: false, capAdd: [] });
    expect(Entrypoint).toEqual(['docker']);
    expect(HostConfig).not.toHaveProperty('CapAdd');
    expect(HostConfig).not.toHaveProperty('MaskedPaths');
    expect(HostConfig?.SecurityOpt).toEqual(['no-new-privileges']);
  });

  test('`docker run` is told the same', () => {
    const line = dockerCommands(spec, '1000:1000').at(-1)?.join(' ') ?? '';
    expect(line).toContain('--cap-drop ALL --cap-add SYS_ADMIN --cap-add DAC_OVERRIDE');
    expect(line).toContain('--security-opt systempaths=unconfined');
    expect(line).toContain('--mount type=volume,target=/var/lib/docker --device /dev/net/tun');
    expect(line).toContain('--entrypoint /usr/local/bin/with-docker');
    expect(line).toMatch(/ docker ps$/);
    expect(line).not.toContain('no-new-privileges');
  });
});
