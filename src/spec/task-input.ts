import type { Problem } from '../failure.ts';
import type { Layer } from './layers.ts';
import { type TaskRequest, emptyRequest } from './resolve-spec.ts';
import { type SettingName, settingNames } from './settings.ts';
import { problemsOf } from './task-keys.ts';

/** A task as a user would write it: `{command: ['npm', 'test'], memory: '1g', timeout: '30s'}`. */
export interface TaskInput extends Partial<Record<SettingName, string | number | boolean>> {
  /** The program and its arguments; or `line`. */
  readonly command?: readonly string[];
  /** A shell line. */
  readonly line?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** As --volume. */
  readonly volumes?: readonly string[];
  /** As --mount. */
  readonly mounts?: readonly string[];
  /** As --tmpfs. */
  readonly tmpfs?: readonly string[];
  /** As --secret: `NAME` of a variable, or `NAME=@FILE`. */
  readonly secrets?: readonly string[];
  /** As --cap-add. */
  readonly capAdd?: readonly string[];
  /** As --security-opt. */
  readonly securityOpt?: readonly string[];
  /** For the build of a profile's image. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Accepts that a profile's task is not isolated from the host. */
  readonly allowNestedDocker?: boolean;
  /** True: `RunOptions.stdin` is forwarded. */
  readonly stdin?: boolean;
  readonly keepEntrypoint?: boolean;
}

/** Texts for resolveSpec, which checks what they say. What is no TaskInput at all is among its `problems`. */
export function requestOf(input: Readonly<Record<string, unknown>>): TaskRequest {
  const problems = Object.keys(input).flatMap((key) => problemsOf(key, input[key]));
  const bad = new Set(problems.map(({ subject }) => subject));
  const valid = Object.entries(input).filter(
    ([key, value]) => value !== undefined && !bad.has(key),
  );
  return requestOfValid(Object.fromEntries(valid), problems);
}

function requestOfValid(input: TaskInput, problems: readonly Problem[]): TaskRequest {
  const texts = (list: readonly unknown[] = []) => list.map(String);
  const pairs = (record: object = {}) =>
    Object.entries(record).map(([name, value]) => `${name}=${String(value)}`);
  const isOn = (value: unknown) => String(value) === 'true';
  return {
    ...emptyRequest,
    flags: flagsOf(input),
    command: texts(input.command),
    line: input.line ?? null,
    environment: pairs(input.env),
    volumes: texts(input.volumes),
    mounts: texts(input.mounts),
    tmpfs: texts(input.tmpfs),
    labels: pairs(input.labels),
    secrets: texts(input.secrets),
    capAdd: texts(input.capAdd),
    securityOpt: texts(input.securityOpt),
    buildArgs: pairs(input.buildArgs),
    allowNestedDocker: isOn(input.allowNestedDocker),
    keepEntrypoint: isOn(input.keepEntrypoint),
    stdin: isOn(input.stdin),
    problems,
  };
}

function flagsOf(input: TaskInput): Layer {
  const rows = settingNames
    .filter((name) => input[name] !== undefined)
    .map((name) => [name, { text: String(input[name]), origin: name }]);
  return Object.fromEntries(rows) as Layer;
}
