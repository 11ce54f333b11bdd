import fc from 'fast-check';
import { type Flag, runFlags, settingFlags, taskFlags } from '../../../src/commands/flags.ts';
import { settingNames } from '../../../src/spec/settings.ts';
import { meanWord, near } from './mean.ts';
import { nearSetting, validCollections } from './near-settings.ts';

const valuesOf = new Map<string, fc.Arbitrary<string>>([
  ...settingNames.flatMap((name) => {
    const flag = settingFlags[name];
    return flag === null ? [] : [[flag.name, nearSetting(name)] as const];
  }),
  ...collection(taskFlags.env, validCollections.env),
  ...collection(taskFlags.label, validCollections.labels),
  ...collection(taskFlags.volume, validCollections.volumes),
  ...collection(taskFlags.mount, validCollections.mounts),
  ...collection(taskFlags.tmpfs, validCollections.tmpfs),
  ...collection(taskFlags.secret, validCollections.secrets),
  ...collection(taskFlags.capAdd, validCollections.capAdd),
  ...collection(taskFlags.securityOpt, validCollections.securityOpt),
  ...collection(taskFlags.buildArg, validCollections.buildArgs),
]);

function collection(flag: Flag, texts: readonly string[]) {
  return [[flag.name, near(texts)] as const];
}

const option: fc.Arbitrary<readonly string[]> = fc
  .constantFrom<Flag>(...runFlags)
  .chain((flag) => fc.tuple(valuesOf.get(flag.name) ?? meanWord, spelling(flag)))
  .map(([value, spelled]) => spelled(value));

type Spell = (value: string) => readonly string[];

/** As it is written, and as it is written by mistake. */
function spelling({ name, short, alias, value }: Flag): fc.Arbitrary<Spell> {
  const right: Spell[] =
    value === undefined
      ? [() => [`--${name}`]]
      : [(text) => [`--${name}`, text], (text) => [`--${alias ?? name}=${text}`]];
  const brief: Spell[] = short
    ? [(text) => [`-${short}${text}`], (text) => [`-${short}=${text}`]]
    : [];
  const wrong: Spell[] = [
    (text) => [`--${name}=${text}`],
    (text) => [`--${name.slice(0, -1)}`, text],
    () => [`--${name}=`],
    () => [`--${name}`],
    (text) => [`-${name}`, text],
  ];
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...right, ...brief) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );
}

const strayWord = fc.oneof(
  meanWord,
  meanWord.map((word) => `--${word}`),
  fc.constant('--'),
);

/** The words after `sandbox run`: some options, some of them wrong, and mostly a command. */
export const argv: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.array(option, { maxLength: 6 }),
    fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, fc.array(strayWord, { maxLength: 2 })),
    fc.oneof(fc.constant(['--', 'true']), fc.array(meanWord, { maxLength: 3 })),
  )
  .map(([options, stray, command]) => [...options.flat(), ...stray, ...command]);
