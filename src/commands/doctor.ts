import { checks } from '../doctor/checks.ts';
import { Patient } from '../doctor/patient.ts';
import { currentPlatform } from '../doctor/platform.ts';
import { runChecks } from '../doctor/run-checks.ts';
import { SandboxFailure } from '../failure.ts';
import { battery, outsideTargets } from '../prove/battery.ts';
import type { Probe } from '../prove/probe.ts';
import { prove } from '../prove/prove.ts';
import { checksText, probeText, proofText } from '../report/checks.ts';
import { reportFailure } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import type { IsolationLevel } from '../spec/choices.ts';
import { currentCaller } from '../spec/host-path.ts';
import { Problems } from '../spec/problems.ts';
import { type TaskRequest, resolveSpec } from '../spec/resolve-spec.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { Command, CommandArgs, CommandContext } from './command.ts';
import { doctorOnlyFlags, outputFlags } from './flags.ts';
import { flagLayer } from './task-request.ts';

const exitCodes = { allWell: 0, notWell: 1, usage: 2 } as const;

/** `sandbox doctor`: whether tasks can run here, and with `--prove` whether they are held. */
export const doctor: Command = async (args, context) => {
  const { terminal } = context;
  const isJson = args.values[outputFlags.json.name] === true;
  const fail = (error: unknown, exitCode: number) => {
    if (!(error instanceof SandboxFailure)) throw error;
    if (isJson) terminal.stdout.write(jsonText(failureJson(error)));
    reportFailure(terminal, error);
    return exitCode;
  };
  let problemCode: number = exitCodes.usage;
  try {
    const { spec, probes } = await understand(args);
    problemCode = exitCodes.notWell;
    const isWell = probes
      ? await proveAndReport(probes, { least: spec.isolation, args, context, isJson })
      : await checkAndReport(spec, { context, isJson });
    return isWell ? exitCodes.allWell : exitCodes.notWell;
  } catch (error) {
    return fail(error, problemCode);
  }
};

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
    if (known.includes(name)) continue;
    problems.add('--probe', `expected one of ${known.join(', ')}, got "${name}"`);
  }
  if (!isProving) return null;
  return battery.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Settings only: the command is our own. */
function doctorRequest(args: CommandArgs): TaskRequest {
  return {
    flags: flagLayer(args),
    command: ['true'],
    line: null,
    environment: [],
    environmentFiles: [],
    volumes: [],
    mounts: [],
    tmpfs: [],
    labels: [],
    secrets: [],
    capAdd: [],
    securityOpt: [],
    keepEntrypoint: false,
    stdin: false,
    problems: [],
  };
}

interface Reporting {
  readonly context: CommandContext;
  readonly isJson: boolean;
}

async function checkAndReport(
  spec: TaskSpec,
  { context: { terminal, interrupts }, isJson }: Reporting,
): Promise<boolean> {
  const { cancel } = interrupts();
  const platform = await currentPlatform();
  const patient = new Patient(spec, { platform, env: terminal.env, cancel });
  const rows = await runChecks(checks, patient, cancel);
  const ok = rows.every((row) => row.ok);
  terminal.stdout.write(isJson ? jsonText({ ok, checks: rows }) : checksText(terminal, rows));
  return ok;
}

async function proveAndReport(
  probes: readonly Probe[],
  { least, args, context, isJson }: Reporting & { least: IsolationLevel; args: CommandArgs },
): Promise<boolean> {
  const { terminal, interrupts } = context;
  const width = Math.max(...probes.map(({ name }) => name.length));
  const proof = await prove(
    { flags: flagLayer(args), targets: outsideTargets, ...interrupts() },
    {
      probes,
      least,
      onRow: (row) => {
        if (!isJson) terminal.stdout.write(probeText(terminal, row, width));
      },
    },
  );
  terminal.stdout.write(isJson ? jsonText(proof) : proofText(terminal, proof));
  return proof.ok;
}
