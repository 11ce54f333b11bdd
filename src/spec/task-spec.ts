import * as v from 'valibot';
import {
  applyPolicies,
  engineChoices,
  isolationLevels,
  pullPolicies,
  workspaceModes,
} from './choices.ts';
import { capabilityNames } from './capabilities.ts';
import { recipeSchema } from './profile/recipe.ts';
import { secretNamePattern } from './secret.ts';
import { taskIdPattern } from './task-id.ts';

const text = (description: string) =>
  v.pipe(
    v.string(),
    v.check((value) => !value.includes('\0'), 'expected text without NUL'),
    v.description(description),
  );
const count = (description: string) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.description(description));
const absolutePath = (description: string) =>
  v.pipe(v.string(), v.regex(/^\//, 'expected an absolute path'), v.description(description));

const mountSchema = v.strictObject({
  type: v.picklist(['bind', 'volume']),
  source: text('A real path on the host, or the name of a volume.'),
  target: absolutePath('Where the task sees it.'),
  readOnly: v.boolean(),
});

const tmpfsSchema = v.strictObject({
  target: absolutePath('Where the task sees it.'),
  sizeBytes: v.pipe(v.nullable(count('')), v.description('null: half of the memory limit.')),
});

const secretSchema = v.strictObject({
  name: v.pipe(text('Its file is /run/secrets/NAME.'), v.regex(secretNamePattern)),
  path: v.nullable(absolutePath("A file on the host; null: the caller's variable NAME.")),
});

const terminalSizeSchema = v.strictObject({
  columns: v.pipe(count('Characters in a line.'), v.minValue(1)),
  rows: v.pipe(count('Lines.'), v.minValue(1)),
});

const limitsSchema = v.strictObject({
  memoryBytes: count('Memory, with no swap on top.'),
  cpus: v.pipe(v.number(), v.minValue(0.01), v.description('CPU time per wall time.')),
  pidsLimit: count('Processes and threads.'),
  timeoutMs: count('Wall clock from the start of the command; 0 for none.'),
  killAfterMs: count('From the first signal to SIGKILL.'),
  workspaceBytes: v.pipe(
    v.nullable(count('')),
    v.description('Growth of the workspace, checked at intervals; null: not limited.'),
  ),
});

/** One task, completely resolved: what an engine needs and nothing else. */
export const taskSpecSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.regex(taskIdPattern), v.description('Unique among live tasks.')),
    command: v.pipe(
      v.array(text('One argument.')),
      v.minLength(1),
      v.description('The program and its arguments, never joined into a shell line.'),
    ),
    keepEntrypoint: v.pipe(
      v.boolean(),
      v.description(
        "True: the command is passed to the image's ENTRYPOINT instead of replacing it.",
      ),
    ),
    image: text('The image as asked for; with a recipe the repository of the one that it makes.'),
    profile: text('The named environment that the image came from.'),
    recipe: v.pipe(
      v.nullable(recipeSchema),
      v.description('How the image is made where it is missing; null: it is used as it is.'),
    ),
    mayBuild: v.pipe(
      v.boolean(),
      v.description('Whether a run may build the recipe; false: only use what was built by hand.'),
    ),
    buildArgs: v.pipe(
      v.record(v.string(), text('A value.')),
      v.description(
        'For the build only. BASE is the image that stands for the base of the recipe.',
      ),
    ),
    platform: v.nullable(text("OS/ARCH of the image; null: the engine's own.")),
    workdir: absolutePath('Where the command starts.'),
    nestedDocker: v.pipe(
      v.boolean(),
      v.description('True: the task may run containers of its own, and nothing isolates it.'),
    ),
    pull: v.picklist(pullPolicies),
    pullTimeoutMs: count('Limit of a pull; 0 for none.'),
    workspace: absolutePath('The real path of the host directory that the task sees.'),
    workspaceMode: v.picklist(workspaceModes),
    apply: v.pipe(
      v.picklist(applyPolicies),
      v.description('When the changes in a copy are brought back.'),
    ),
    manifest: v.pipe(
      v.boolean(),
      v.description('Whether the receipt lists the files that the task changed.'),
    ),
    mounts: v.array(mountSchema),
    tmpfs: v.array(tmpfsSchema),
    secrets: v.pipe(v.array(secretSchema), v.description('Never their values.')),
    redact: v.pipe(
      v.boolean(),
      v.description('Whether secrets are replaced in the output that is passed on, too.'),
    ),
    environment: v.record(v.string(), text('A value.')),
    labels: v.record(v.string(), text('A value.')),
    stdin: v.pipe(v.boolean(), v.description('True: standard input is forwarded.')),
    tty: v.pipe(
      v.nullable(terminalSizeSchema),
      v.description('The size at first of the terminal that the task gets; null: it gets none.'),
    ),
    user: v.nullable(text('uid[:gid] or a name; null: the caller.')),
    network: text('isolated, egress, none, or the name of an existing network.'),
    limits: limitsSchema,
    writableRoot: v.boolean(),
    capAdd: v.pipe(
      v.array(v.picklist(capabilityNames)),
      v.description('Capabilities to keep of those that are all dropped.'),
    ),
    securityOpt: v.array(
      text('seccomp=unconfined, seccomp=/FILE, apparmor=NAME or label=…, as in `docker run`.'),
    ),
    seccompDigest: v.nullable(
      text('SHA-256 of what stands in the files of `securityOpt`; null where it names none.'),
    ),
    runtime: v.nullable(text("The engine's runtime by its name; null: its own default.")),
    engine: v.picklist(engineChoices),
    host: v.nullable(text('Address of the engine; null: it is searched for.')),
    context: v.nullable(text('A Docker context; null: the current one.')),
    isolation: v.pipe(v.picklist(isolationLevels), v.description('The least that is accepted.')),
    receiptPath: absolutePath('Where the receipt is written.'),
    outputLimitBytes: count('What the receipt keeps of each stream.'),
  }),
  v.title('TaskSpec'),
);

export type TaskSpec = Readonly<v.InferOutput<typeof taskSpecSchema>>;
export type SecretSource = TaskSpec['secrets'][number];
export type Mount = TaskSpec['mounts'][number];
export type Limits = TaskSpec['limits'];
export type TerminalSize = NonNullable<TaskSpec['tty']>;

/** Everything of the host that the task can write to and that others can see: a copy is nobody else's. */
export function writablePaths(spec: Pick<TaskSpec, 'workspace' | 'workspaceMode' | 'mounts'>) {
  const sources = writableSources(spec.mounts);
  return spec.workspaceMode === 'rw' ? [spec.workspace, ...sources] : sources;
}

/** Of these mounts, what of the host the task can write to. */
export function writableSources(mounts: readonly Mount[]): string[] {
  const binds = mounts.filter(({ type, readOnly }) => type === 'bind' && !readOnly);
  return binds.map(({ source }) => source);
}

export { workspaceTarget } from './choices.ts';

/** Where the task finds its secrets, one file each. */
export const secretsTarget = '/run/secrets';

/** Labels under this prefix are ours: they say who owns a container. */
export const ownLabelPrefix = 'sandbox-run.';
