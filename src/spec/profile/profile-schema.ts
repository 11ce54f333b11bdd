import * as v from 'valibot';
import { Expectation } from '../expectation.ts';
import { type SettingName, settingOf } from '../settings.ts';

/** Also the end of an image's name, which has rules of its own. */
export const profileNamePattern = /^(?=.{1,63}$)[a-z0-9]+(-+[a-z0-9]+)*$/;
/** No option, no path, no URL: it ends up as an argument of a package manager that runs as root. */
const packagePattern = /^[a-z0-9][a-zA-Z0-9.+_-]*(=[a-zA-Z0-9.+:~_-]+)?$/;

const said = <T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));
const matching = (pattern: RegExp, expected: string) =>
  v.pipe(
    v.string(),
    v.regex(pattern, ({ received }) => `expected ${expected}, got ${received}`),
  );
const text = matching(/^[^\0]+$/, 'text that is not empty, without NUL');
const line = matching(/^[^\0\r\n]+$/, 'one line of text, not empty');
const absolutePath = matching(
  /^(\/(?!\.\.?(\/|$))[^/\0\r\n]+)+$/,
  'an absolute path without "." and ".."',
);

/** Text that the setting of that name takes. */
const words = (name: SettingName) => v.pipe(v.string(), takenBy<string>(name));
/** The same, also as a plain number. */
const amount = (name: SettingName) =>
  v.pipe(v.union([v.string(), v.number()]), takenBy<string | number>(name));

function takenBy<T extends string | number>(name: SettingName) {
  return v.check<T, (issue: v.CheckIssue<T>) => string>(
    (value) => whyNot(name, value) === null,
    ({ input }) => whyNot(name, input) ?? '',
  );
}

function whyNot(name: SettingName, value: string | number): string | null {
  try {
    settingOf(name).parse(String(value));
    return null;
  } catch (error) {
    if (!(error instanceof Expectation)) throw error;
    return error.message;
  }
}

export const fileEntries = {
  path: said(absolutePath, 'Where it is in the image.'),
  content: v.optional(said(v.string(), 'What is in it; or `source`.')),
  source: v.optional(
    said(line, 'A file beside the profile, by its path relative to it; or `content`.'),
  ),
  mode: v.optional(
    said(
      matching(/^0[0-7]{3}$/, 'permissions such as "0644"'),
      'Permissions in octal; 0644 by default.',
    ),
  ),
};

const fileSchema = v.pipe(
  v.strictObject(fileEntries),
  v.partialCheck(
    [['content'], ['source']],
    ({ content, source }) => (content === undefined) !== (source === undefined),
    'expected either "content" or "source"',
  ),
);

export const taskEntries = {
  type: v.literal('exec'),
  command: said(
    v.union([text, v.pipe(v.array(v.string()), v.minLength(1, 'expected a program, got none'))]),
    'A shell line for the shell of the profile, or a program and its arguments.',
  ),
  description: said(line, 'Shown while it runs.'),
};

export const resourceEntries = {
  cpus: v.optional(said(amount('cpus'), 'As --cpus.')),
  memory: v.optional(said(amount('memory'), 'As --memory.')),
  pids: v.optional(said(amount('pidsLimit'), 'As --pids-limit.')),
  timeout: v.optional(said(amount('timeout'), 'As --timeout.')),
};

export const profileEntries = {
  $schema: v.optional(v.string()),
  name: said(
    matching(profileNamePattern, 'a name such as my-tools: a-z, 0-9 and "-" between them'),
    'That of the file, too.',
  ),
  description: said(line, 'One line for `sandbox profile ls`.'),
  extends: v.optional(said(line, 'A profile that this one adds to.')),
  image: v.optional(said(words('image'), 'An image to use as it is; nothing is built.')),
  base: v.optional(said(words('image'), 'An image to build on.')),
  packages: v.optional(
    said(
      v.array(matching(packagePattern, 'the name of a package, or NAME=VERSION')),
      "Packages of the base's own manager (apt or apk), also as NAME=VERSION.",
    ),
  ),
  environment: v.optional(
    said(
      v.record(
        matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable'),
        matching(/^[^\0\r\n]*$/, 'one line of text'),
      ),
      'Variables of the build and of every task.',
    ),
  ),
  files: v.optional(said(v.array(fileSchema), 'Files to put into the image.')),
  setup_tasks: v.optional(
    said(
      v.array(v.strictObject(taskEntries)),
      'Run as root while the image is built, last and in order.',
    ),
  ),
  resources: v.optional(said(v.strictObject(resourceEntries), 'Limits of a task.')),
  network: v.optional(said(words('network'), 'As --network.')),
  workdir: v.optional(said(words('workdir'), 'As --workdir.')),
  shell: v.optional(
    said(absolutePath, 'The program in the image that runs `-c` lines and setup tasks.'),
  ),
};

/** A profile as it is written down. */
export const profileSchema = v.pipe(
  v.strictObject(profileEntries),
  v.partialCheck(
    [['image'], ['base']],
    ({ image, base }) => image === undefined || base === undefined,
    'expected either "image" or "base", got both',
  ),
  v.title('A profile of sandbox'),
);

export type ProfileFile = v.InferOutput<typeof profileSchema>;
