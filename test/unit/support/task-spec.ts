import type { Limits, TaskSpec } from '../../../src/spec/task-spec.ts';

const limits: Limits = {
  memoryBytes: 512 * 1024 ** 2,
  cpus: 1,
  pidsLimit: 256,
  timeoutMs: 120_000,
  killAfterMs: 5_000,
  workspaceBytes: null,
};

/** A whole TaskSpec that nothing on this host has to agree with. */
export function taskSpec(changes: Partial<TaskSpec> = {}): TaskSpec {
  return {
    id: 'task-1',
    command: ['make', 'check'],
    keepEntrypoint: false,
    image: 'debian:bookworm-slim',
    profile: 'base',
    recipe: null,
    mayBuild: true,
    buildArgs: {},
    platform: null,
    workdir: '/workspace',
    nestedDocker: false,
    pull: 'missing',
    pullTimeoutMs: 600_000,
    workspace: '/srv/app',
    workspaceMode: 'rw',
    apply: 'never',
    manifest: true,
    mounts: [],
    tmpfs: [],
    environment: {},
    labels: {},
    secrets: [],
    redact: false,
    stdin: false,
    tty: null,
    user: null,
    network: 'isolated',
    limits,
    writableRoot: false,
    capAdd: [],
    securityOpt: [],
    seccompDigest: null,
    runtime: null,
    engine: 'auto',
    host: null,
    context: null,
    isolation: 'none',
    receiptPath: '/srv/app.receipts/task-1.json',
    outputLimitBytes: 1024 ** 2,
    ...changes,
  };
}

export function taskLimits(changes: Partial<Limits>): Limits {
  return { ...limits, ...changes };
}
