import { SandboxFailure } from '../../../../failure.ts';

/** A build that did not come to its end: what the engine said, and what the step had written before. */
export interface FailedBuild {
  readonly profile: string;
  /** What the step is for; null where none had begun, or one that has no name. */
  readonly description: string | null;
  readonly step: number;
  readonly steps: number;
  /** The engine's own words. */
  readonly reason: string;
  /** The end of what the step wrote. */
  readonly output: readonly string[];
  readonly logPath: string;
}

const shownLines = 10;

export class BuildFailure extends SandboxFailure {
  /** Whether the same build may go well a moment later. */
  readonly isPassing: boolean;

  constructor(failed: FailedBuild) {
    const { profile, description, step, steps, reason, output, logPath } = failed;
    const where = description === null ? '' : ` at step ${step} of ${steps} (${description})`;
    const lines = output.slice(-shownLines).map((line) => `\n  ${line}`);
    const message = `the image of profile "${profile}" could not be built, it failed${where}: ${briefly(reason)}`;
    super('image-build-failed', message + lines.join(''), {
      hint: `${remedyFor(reason)}The whole log: ${logPath}`,
    });
    this.isPassing = isPassing([...output, reason]);
  }
}

/** In the words of apt, apk, npm, pip, curl, git, and of engines. */
const passing: readonly RegExp[] = [
  // Names that cannot be resolved.
  /temporary failure (in name resolution|resolving)|could ?n.t resolve|could not resolve|EAI_AGAIN|ENOTFOUND|no such host|server misbehaving|DNS: transient error|temporary error \(try again later\)/i,
  // Hosts that cannot be reached.
  /network is unreachable|no route to host|host is unreachable|unable to connect to|could ?n.t connect|could not connect|failed to connect|ENETUNREACH|EHOSTUNREACH/i,
  // Connections that break or take too long.
  /connection (was )?(refused|reset|timed out|aborted|closed unexpectedly|failed)|ECONNRESET|ECONNREFUSED|ETIMEDOUT|ESOCKETTIMEDOUT|socket hang up|network error|remote end (closed|hung up)|the remote end hung up/i,
  /operation timed out|(read|request|connection|download) timed out|timeout (was reached|exceeded|awaiting)|handshake timeout|i\/o timeout|error reading from server|unexpected EOF$/i,
  // A mirror that is being changed.
  /hash sum mismatch|file has unexpected size|mirror sync in progress/i,
  // Servers that fail.
  /(HTTP\S*|status|code|error|server):? *E?(429|50[0234])\b|\bE50[0234]\b|\b(429 +too many|500 +internal|502 +bad|503 +(service|backend)|504 +gateway)/i,
  // Somebody else at work.
  /could not get lock|unable to (acquire|obtain|lock)[^.]*(lock|database|directory)|is another process using it|resource temporarily unavailable/i,
];

/** A command fails for good unless it says why it might not: a wrong name of a package, a test that is red. */
export function isPassing(said: readonly string[]): boolean {
  return said.some((line) => passing.some((sign) => sign.test(line)));
}

/** The engine repeats the whole command, which may be a page long. */
function briefly(reason: string): string {
  const code = /returned a non-zero code: (\d+)$|exit status (\d+)$/.exec(reason);
  return code === null ? reason.slice(0, 500) : `exit code ${code[1] ?? code[2] ?? '?'}`;
}

function remedyFor(reason: string): string {
  if (/max depth exceeded|mount options is too long/i.test(reason)) {
    return 'An engine stacks about 125 layers, and each setup task that changes files is one: join some, a command may have many lines. ';
  }
  if (!/no space left on device|disk quota exceeded/i.test(reason)) return '';
  return "The engine's disk is full: make room with `sandbox image prune` or `docker system prune`. ";
}
