import type { NetworkReach } from '../engine/engine.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { IsolationLevel } from '../spec/choices.ts';
import type { SettingName } from '../spec/settings.ts';
import type { Findings } from './findings.ts';
import type { ProbePlace } from './place.ts';

export type Verdict =
  /** The promise was put to the test and kept. */
  | 'held'
  | 'broken'
  /** This level, network or engine says beforehand that it does not hold this. */
  | 'not-promised'
  /** It should have been tried, and could not be. */
  | 'unproven'
  /** This machine has nothing to try it with, e.g. no swap. */
  | 'untestable';

export interface Judgement {
  readonly verdict: Exclude<Verdict, 'not-promised'>;
  readonly evidence: string;
}

/** What was seen of one hostile task, from inside by its own words and from outside by ours. */
export interface ProbeObservation {
  readonly receipt: Receipt;
  readonly findings: Findings;
}

/** What the host has ready for a task, and what it looks at afterwards. */
export interface Stage {
  /** Passed to the program. */
  readonly args?: readonly string[];
  /** Looks at the host once the task has ended; what it answers is added to the task's own findings. */
  readonly after?: (receipt: Receipt) => Promise<HostFindings>;
  readonly dispose?: () => Promise<void>;
}

export interface HostFindings {
  readonly tried?: readonly string[];
  readonly untried?: readonly string[];
  readonly broke?: readonly string[];
  readonly facts?: Readonly<Record<string, string>>;
}

export interface ProbeTask {
  readonly language: 'perl' | 'sh';
  /** A constant program. A probe that succeeds must do no harm. */
  readonly program: string;
  /** Settings as flags would give them, in place of those that all probes have. */
  readonly settings?: Partial<Record<SettingName, string>>;
  /** The same, but for those that a simulation cannot follow. */
  readonly engineSettings?: Partial<Record<SettingName, string>>;
  readonly prepare?: (place: ProbePlace) => Promise<Stage>;
}

/** One hostile attempt, what must become of it, and the promise that it proves. */
export interface Probe {
  readonly name: string;
  /** What is tried, in one phrase. */
  readonly tries: string;
  /** What must happen. */
  readonly expects: string;
  /** The promise, as docs/security.md has it. */
  readonly promise: string;
  /** How each level keeps it. A level that is absent promises nothing, and nothing is tried there. */
  readonly mechanism: Readonly<Partial<Record<IsolationLevel, string>>>;
  /** The names in `isolation.notEnforced` by which a simulation says that it does not hold this. */
  readonly limits?: readonly string[];
  /** A network that leads to one of these promises nothing here. */
  readonly reaches?: readonly NetworkReach[];
  readonly task: ProbeTask;
  judge(seen: ProbeObservation): Judgement;
}
