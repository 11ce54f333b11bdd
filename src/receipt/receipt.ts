import * as v from 'valibot';
import { imageOrigins, networkReaches } from '../engine/engine.ts';
import { engineNames, isolationLevels, workspaceModes } from '../spec/choices.ts';
import { cancellers } from '../outcome/cancellation.ts';
import { statuses } from '../outcome/outcome.ts';

export const receiptSchemaId = 'sandbox-run/receipt/v1';

const said = <T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));
const text = v.string();
const ms = v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0)));
const bytes = v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0)));
const time = v.nullable(v.pipe(v.string(), v.isoTimestamp()));

const limits = {
  memoryBytes: bytes,
  cpus: v.nullable(v.number()),
  pidsLimit: bytes,
  timeoutMs: ms,
  killAfterMs: ms,
  workspaceBytes: said(bytes, 'Growth of the workspace, checked at intervals.'),
};

const fileKinds = ['file', 'directory', 'symlink', 'fifo', 'socket', 'device'] as const;

/** A path in the workspace; its bytes where they are not UTF-8. */
const workspaceFile = {
  path: said(v.nullable(text), 'Relative to the workspace.'),
  pathBase64: said(v.nullable(text), 'The path, where it is not UTF-8.'),
};

const changeSchema = v.strictObject({
  ...workspaceFile,
  kind: v.picklist(fileKinds),
  size: bytes,
  mode: said(text, 'Permissions in octal, as the task left them.'),
  sha256: said(
    v.nullable(text),
    'Of a file; null for everything else, for what was removed, and where it was not digested.',
  ),
  linkTarget: said(v.nullable(text), 'Of a symlink.'),
});

const changesSchema = v.strictObject({
  added: v.array(changeSchema),
  changed: v.array(changeSchema),
  removed: v.array(changeSchema),
  complete: said(v.boolean(), 'False where a limit was reached: there may be more.'),
  limitsReached: said(
    v.array(text),
    'The limits that were reached, and what could not be read, in words.',
  ),
});

const defusedSchema = v.strictObject({
  ...workspaceFile,
  root: said(text, 'The directory on the host: the workspace or a writable mount.'),
  found: v.picklist(['setuid', 'setgid', 'setuid+setgid', 'fifo', 'socket', 'device']),
  action: v.picklist(['bits-cleared', 'removed', 'failed']),
});

const workspaceSchema = v.strictObject({
  path: text,
  mode: v.picklist(workspaceModes),
  changes: said(
    v.nullable(changesSchema),
    'Files that the task added, changed and removed; null where they were not looked for.',
  ),
  defused: said(
    v.nullable(v.array(defusedSchema)),
    'Setuid, setgid and special files that the task left and that were made harmless; null where nothing was looked for.',
  ),
  growthBytes: said(
    v.nullable(v.number()),
    'Disk space that the task took in the workspace; null where it was not measured.',
  ),
  applied: said(
    v.nullable(
      v.strictObject({
        added: v.number(),
        changed: v.number(),
        removed: v.number(),
        skipped: said(v.array(text), 'Changes that were left out, and why.'),
      }),
    ),
    'What was brought back from the copy; null where nothing was.',
  ),
  copyKeptAt: said(
    v.nullable(text),
    'Where the copy lies that could not be brought back; null where none was left.',
  ),
});

const encodedBytes = {
  text: said(v.nullable(text), 'The bytes, where they are UTF-8.'),
  base64: said(v.nullable(text), 'The bytes, where they are not.'),
};

const outputSchema = v.strictObject({
  ...encodedBytes,
  tail: said(
    v.nullable(v.strictObject(encodedBytes)),
    'The last part of a truncated stream; `text` or `base64` is then its first part.',
  ),
  redactions: said(
    v.number(),
    'How often a secret was replaced. Where there are secrets, bytes and sha256 are of the stream with them replaced.',
  ),
  truncated: v.boolean(),
  omittedBytes: said(bytes, 'Bytes between the first and the last part.'),
  bytes: said(bytes, 'Of the whole stream, kept or not.'),
  sha256: said(text, 'Of the whole stream.'),
});

const taskEndSchema = v.strictObject({
  exitCode: said(v.nullable(v.number()), 'What the engine reported; 128+n after signal n.'),
  signal: said(
    v.nullable(text),
    'The signal that ended the command, where the kernel or the engine tells of one; where all there is is 128+n, null.',
  ),
});

const evidenceSchema = v.strictObject({
  deadline: said(
    v.nullable(v.strictObject({ limitMs: v.number(), passedAfterMs: v.number() })),
    'Set when the deadline ended the task.',
  ),
  workspaceLimit: said(
    v.nullable(v.strictObject({ limitBytes: v.number(), seenBytes: v.number() })),
    'Set when growth of the workspace ended the task, or was found past its limit at the end.',
  ),
  cancelledBy: said(
    v.nullable(text),
    'The signal that cancelled it: of the caller, SIGPIPE where the reader went away, or `stoppedBy`.',
  ),
  stoppedBy: said(
    v.optional(v.nullable(v.picklist([...cancellers, 'engine'])), null),
    'Who cancelled it where that was not a signal of the caller: `sandbox stop`, its batch (`--deadline`, `--halt now`, or an output that could not be written), or somebody through the engine.',
  ),
  signalsSent: said(
    v.array(v.strictObject({ signal: text, afterMs: v.number() })),
    'By the sandbox to the task, in milliseconds since it started.',
  ),
  oomKills: said(
    v.nullable(v.number()),
    'Kills for lack of memory that the engine reported; null where it may have lost the report: it ended by 137, and nobody was seen to send SIGKILL.',
  ),
  engineEvents: said(
    v.array(
      v.strictObject({
        event: text,
        at: time,
        signal: v.optional(text),
        exitCode: v.optional(v.number()),
      }),
    ),
    "The engine's own events of this task.",
  ),
  watchdog: said(
    v.optional(v.nullable(v.boolean()), null),
    'Whether a watchdog in the sandbox would have ended the task without us when it ended, as far as could be seen: a task has the rights to stop or to blind it. Null where none was tried, as for a task that is over within half a second.',
  ),
  outputComplete: said(v.boolean(), 'False where a stream had not ended when reading stopped.'),
  removed: said(
    v.nullable(v.boolean()),
    'True once the engine confirmed that nothing is left of the task; null where nothing was made.',
  ),
  mayStillRun: said(
    v.boolean(),
    'True where the engine was lost and the end of the task was not seen.',
  ),
});

/** The record of one task. Written for every ending; unknown is null, never 0. */
export const receiptSchema = v.pipe(
  v.strictObject({
    schema: v.literal(receiptSchemaId),
    id: text,
    status: said(
      v.picklist(statuses),
      'How the task ended. The truth; the exit code is a convenience.',
    ),
    exitCode: said(
      v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
      'What `sandbox run` returned.',
    ),
    task: said(
      v.nullable(taskEndSchema),
      'How the command itself ended; null where it never started or its end was not seen.',
    ),
    command: said(v.array(text), 'The program and its arguments.'),
    tty: said(
      v.boolean(),
      'True where it had a terminal: stdout is then the record of all that was shown there, and stderr is empty.',
    ),
    taskDigest: said(
      text,
      'SHA-256 of everything that says what was run and how, values of variables with it; the same for the same task.',
    ),
    workspace: workspaceSchema,
    engine: said(
      v.nullable(
        v.strictObject({
          name: v.picklist(engineNames),
          product: v.nullable(text),
          version: v.nullable(text),
          apiVersion: v.nullable(text),
          address: v.nullable(text),
          runtime: v.nullable(text),
          rootless: v.nullable(v.boolean()),
          cgroupVersion: v.nullable(v.number()),
        }),
      ),
      'As the engine describes itself; null where none answered.',
    ),
    isolation: v.strictObject({
      level: said(v.nullable(v.picklist(isolationLevels)), 'What stood between task and host.'),
      simulated: v.nullable(v.boolean()),
      loosened: said(
        v.array(text),
        'What the caller opened that is closed by default, as the engine has it in force.',
      ),
      notEnforced: said(
        v.array(text),
        'What was asked for, or is on by default, and was not in force.',
      ),
    }),
    image: said(
      v.nullable(
        v.strictObject({
          reference: said(
            text,
            'As asked for; of a profile that is built, with the tag it was given.',
          ),
          id: v.nullable(text),
          digest: said(v.nullable(text), "The registry's; null where it never was in one."),
          profile: said(text, 'The profile of the task.'),
          recipe: said(
            v.nullable(text),
            'SHA-256 of the recipe that it was built from; null where it is used as it is.',
          ),
          origin: said(
            v.nullable(v.picklist(imageOrigins)),
            'Whether it was there, or was pulled or built for this task.',
          ),
          preparedMs: said(ms, 'What pulling or building took; null where neither was done.'),
          minimal: said(
            v.nullable(v.boolean()),
            'True for the stand-in that is made where nothing can be pulled: a shell and core tools only.',
          ),
        }),
      ),
      'Null where no image was used.',
    ),
    user: said(v.nullable(text), 'uid:gid or name inside the sandbox.'),
    network: v.strictObject({
      name: text,
      id: v.nullable(text),
      reaches: said(
        v.nullable(v.array(v.picklist(networkReaches))),
        "What it leads to besides loopback; null where it is the caller's own network, or none was made.",
      ),
    }),
    mounts: said(
      v.array(
        v.strictObject({
          type: v.picklist(['bind', 'volume']),
          source: text,
          target: text,
          readOnly: v.boolean(),
        }),
      ),
      'What the task was shown besides its workspace: directories of the host, and volumes.',
    ),
    secrets: said(v.array(text), 'Names only.'),
    limits: v.strictObject({
      requested: v.strictObject(limits),
      enforced: said(
        v.nullable(v.strictObject({ ...limits, memorySwapBytes: bytes })),
        'Read back from the engine; null is not enforced.',
      ),
    }),
    stdout: outputSchema,
    stderr: outputSchema,
    timing: v.strictObject({
      startedAt: said(time, 'When the command started.'),
      finishedAt: said(time, 'When its end was seen.'),
      durationMs: said(ms, 'Between the two, by the monotonic clock.'),
      phases: said(v.record(text, v.number()), 'Milliseconds of each phase that ran.'),
    }),
    usage: said(
      v.strictObject({ cpuMs: ms, maxMemoryBytes: bytes }),
      'Null where the engine does not tell.',
    ),
    evidence: evidenceSchema,
    error: said(
      v.nullable(v.strictObject({ code: text, message: text, hint: v.nullable(text) })),
      'Why the sandbox failed; null where it did not.',
    ),
    tool: v.strictObject({ name: text, version: text, commit: v.nullable(text) }),
    environment: said(v.array(text), 'Names only.'),
  }),
  v.title('Receipt'),
);

export type WorkspaceReport = Omit<Receipt['workspace'], 'path' | 'mode'>;
export type WorkspaceChange = v.InferOutput<typeof changeSchema>;
export type Defused = v.InferOutput<typeof defusedSchema>;
export type Receipt = v.InferOutput<typeof receiptSchema>;
