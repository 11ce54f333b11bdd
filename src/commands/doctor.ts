import { checks } from '../doctor/checks.ts';
import { Patient } from '../doctor/patient.ts';
import { currentPlatform } from '../doctor/platform.ts';
import { runChecks } from '../doctor/run-checks.ts';
import { SandboxFailure } from '../failure.ts';
import { battery, outsideTargets } from '../prove/battery.ts';
import type { Probe } from '../prove/probe.ts';
import { prove } from '../prove/prove.ts';
import { checksText, probeText, proofText } from '../report/checks.ts';
import { signalExitCode } from '../outcome/exit-code.ts';
import { reportFailure } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { cancelSignalOf } from '../run/supervise.ts';
import { currentCaller } from '../spec/host-path.ts';
import type { Layer } from '../spec/layers.ts';
import { Problems } from '../spec/problems.ts';
import { type TaskRequest, emptyRequest, resolveSpec } from '../spec/resolve-spec.ts';
import { oneOf } from '../spec/setting-parsers.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { Command, CommandArgs, CommandContext } from './command.ts';
import { doctorOnlyFlags, outputFlags, taskFlags } from './flags.ts';
import { flagLayer, taskRequest } from './task-request.ts';

const exitCodes = { allWell: 0, notWell: 1, usage: 2 } as const;

/** `sandbox doctor`: whether tasks can run here, and with `--prove` whether they are held. */
export const doctor: Command = async (args, context) => {
  const { terminal } = context;
  const isJson = args.values[outputFlags.json.name] === true;
  const fail = (error: unknown, exitCode: number): number => {
    if (error instanceof Interruption) {
      const failure = new SandboxFailure('cancelled', `interrupted by ${error.signal}`);
      return fail(failure, signalExitCode(error.signal));
    }
    if (!(error instanceof SandboxFailure)) throw error;
    if (isJson) terminal.stdout.write(jsonText(failureJson(error)));
    reportFailure(terminal, error);
    return exitCode;
  };
  let problemCode: number = exitCodes.usage;
  try {
    const { spec, probes } = await understand(args);
    problemCode = exitCodes.notWell;
    const { cancel, force } = context.interrupts();
    const reporting = { context, isJson, cancel, force };
    const isWell = await uninterrupted(cancel, () =>
      probes
        ? proveAndReport(probes, { ...reporting, spec, args })
        : checkAndReport(spec, reporting),
    );
    return isWell ? exitCodes.allWell : exitCodes.notWell;
  } catch (error) {
    return fail(error, problemCode);
  }
};

/** Whoever interrupts wants no verdict: what was cut off has neither failed nor passed. */
class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.signal = signal;
  }
}

async function uninterrupted<T>(cancel: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cancel.aborted ? new Interruption(cancelSignalOf(cancel)) : error;
  }
}

interface Asked {
  readonly spec: TaskSpec;
  /** Null: pre-flight checks only. */
  readonly probes: readonly Probe[] | null;
}

async function understand(args: CommandArgs): Promise<Asked> {
  const problems = new Problems(args.problems);
  for (const word of args.rest) problems.add('doctor', `expected options only, got "${word}"`);
  const probes = askedProbes(args, problems);
  const request = { ...doctorRequest(args), problems: problems.found };
  try {
    const spec = await resolveSpec(request, { caller: currentCaller(), ambient: true });
    return { spec, probes };
  } catch (error) {
    throw withOwnHint(error);
  }
}

/** The settings are those of a run, the help is not. */
function withOwnHint(error: unknown): unknown {
  if (!(error instanceof SandboxFailure) || error.problems.length === 0) return error;
  const { code, problems } = error;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new SandboxFailure(code, `${count}, nothing was checked`, {
    problems,
    hint: 'See: sandbox doctor --help',
    cause: error,
  });
}

function askedProbes({ values }: CommandArgs, problems: Problems): readonly Probe[] | null {
  const isProving = values[doctorOnlyFlags.prove.name] === true;
  const given = values[doctorOnlyFlags.probe.name];
  const names: readonly string[] = Array.isArray(given) ? (given as string[]) : [];
  if (names.length > 0 && !isProving) problems.add('--probe', 'expected --prove with it');
  const known = battery.map(({ name }) => name);
  for (const name of names) {
    problems.attempt('--probe', () => oneOf(known)(name));
  }
  if (!isProving) return null;
  if (values[taskFlags.allowNestedDocker.name] === true) {
    problems.add('--prove', 'expected without --allow-nested-docker: level none promises nothing');
  }
  return battery.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** The command is our own, and what decides on the image is the caller's. */
function doctorRequest(args: CommandArgs): TaskRequest {
  const { flags, buildArgs, allowNestedDocker } = taskRequest(args);
  return { ...emptyRequest, flags, buildArgs, allowNestedDocker, command: ['true'] };
}

interface Reporting {
  readonly context: CommandContext;
  readonly isJson: boolean;
  readonly cancel: AbortSignal;
  readonly force: AbortSignal;
}

async function checkAndReport(
  spec: TaskSpec,
  { context: { terminal }, isJson, cancel }: Reporting,
): Promise<boolean> {
  const platform = await currentPlatform();
  const patient = new Patient(spec, { platform, env: terminal.env, cancel });
  const rows = await runChecks(checks, patient, cancel);
  cancel.throwIfAborted();
  const ok = rows.every((row) => row.ok);
  terminal.stdout.write(isJson ? jsonText({ ok, checks: rows }) : checksText(terminal, rows));
  return ok;
}

interface ProofReporting extends Reporting {
  readonly spec: TaskSpec;
  readonly args: CommandArgs;
}

async function proveAndReport(
  probes: readonly Probe[],
  { spec, args, context, isJson, cancel, force }: ProofReporting,
): Promise<boolean> {
  const { terminal } = context;
  const width = Math.max(...probes.map(({ name }) => name.length));
  const proof = await prove(
    {
      flags: proofFlags(args, spec),
      buildArgs: taskRequest(args).buildArgs,
      targets: outsideTargets,
      cancel,
      force,
    },
    {
      probes,
      least: spec.isolation,
      onRow: (row) => {
        if (!isJson) terminal.stdout.write(probeText(terminal, row, width));
      },
    },
  );
  terminal.stdout.write(isJson ? jsonText(proof) : proofText(terminal, proof));
  return proof.ok;
}

/** Whoever leaves the choice to us wants an engine, and must hear it where there is none. */
function proofFlags(args: CommandArgs, { engine }: TaskSpec): Layer {
  const flags = flagLayer(args);
  return engine === 'auto'
    ? { ...flags, engine: { text: 'docker', origin: 'sandbox doctor' } }
    : flags;
}
