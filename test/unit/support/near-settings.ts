import fc from 'fast-check';
import type { SettingName } from '../../../src/spec/settings.ts';
import { meanWord, near } from './mean.ts';

const digest = `sha256:${'0a'.repeat(32)}`;

/** Texts that each setting takes. */
const validTexts: Readonly<Record<SettingName, readonly string[]>> = {
  image: ['debian', 'debian:bookworm-slim', 'localhost:5000/a/b:1', `a@${digest}`, 'a__b/c-d.e'],
  profile: ['base', 'builder', 'tester'],
  platform: ['linux/amd64', 'linux/arm/v7'],
  workdir: ['/workspace', 'sub/dir', '..', '/'],
  workspace: ['.', 'sub', '../app'],
  workspaceMode: ['rw', 'ro', 'copy'],
  apply: ['never', 'on-success', 'always'],
  workspaceLimit: ['0', '1', '10m', '1.5g'],
  noManifest: ['true', 'false'],
  memory: ['6m', '512m', '1.5g', '1Gi', '8388608', '2 GB'],
  cpus: ['1', '0.5', '.01', '100000'],
  pidsLimit: ['1', '256', '999999999'],
  timeout: ['0', '90', '2m', '1.5h', '10ms', '.5'],
  killAfter: ['0', '5s', '1d'],
  network: ['isolated', 'egress', 'none', 'my_net.1'],
  user: ['0', '1000:1000', 'nobody'],
  writableRoot: ['true', 'false'],
  runtime: ['runc', 'runsc'],
  engine: ['auto', 'docker', 'simulation'],
  isolation: ['none', 'namespace', 'container', 'gvisor', 'vm'],
  receipt: ['../receipt.json', '../receipts/', '/tmp/r.json', 'here.json'],
  receiptDir: ['../receipts', '/tmp'],
  id: ['a', 'build-1', 'A.b_c-9', 'x'.repeat(63)],
  pull: ['missing', 'always', 'never'],
  pullTimeout: ['0', '10m'],
  outputLimit: ['0', '1m', '64k'],
  redact: ['true', 'false'],
  host: ['unix:///run/docker.sock', 'tcp://127.0.0.1:2375', 'ssh://a@b'],
  context: ['default', 'mine'],
};

export function nearSetting(name: SettingName, piece = meanWord): fc.Arbitrary<string> {
  const valid = fc.constantFrom(...validTexts[name]);
  return fc.oneof(
    { weight: 4, arbitrary: valid },
    { weight: 4, arbitrary: near(validTexts[name], piece) },
    { weight: 1, arbitrary: piece },
  );
}

/** What the flags for mounts, variables and the like take. */
export const validCollections = {
  env: ['A=1', 'B=', 'PATH', 'C=a=b'],
  labels: ['team=a', 'bare', 'x.y=z'],
  volumes: ['./sub:/data', 'data:/data:rw', '/tmp:/data:ro'],
  mounts: ['type=bind,src=.,dst=/data', 'source=data,target=/data,rw', '"source=data","dst=/a,b"'],
  tmpfs: ['/scratch', '/scratch:size=64m'],
  secrets: ['PATH', 'KEY=@key.txt'],
  capAdd: ['CHOWN', 'CAP_NET_RAW', 'ALL'],
  securityOpt: ['seccomp=unconfined', 'label=disable', 'apparmor=x'],
  buildArgs: ['VERSION=1', 'BASE=debian:12'],
} as const;
