import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SandboxFailure, errnoOf, messageOf } from '../failure.ts';
import type { BatchSummary } from '../receipt/batch-summary.ts';
import { readRowReceipt } from '../receipt/read-receipt.ts';
import { githubClosing, githubOpening, isGithub } from '../report/batch/github.ts';
import { gitlabSections, isGitlab } from '../report/batch/gitlab.ts';
import { ReportFile } from '../report/report-file.ts';
import type { Terminal } from '../report/terminal.ts';
import type { CommandArgs } from './command.ts';
import { batchOnlyFlags } from './flags.ts';
import { randomName } from '../spec/random-name.ts';

/** What is written besides the summary once a batch has ended: files that were asked for, and what CI shows. */
export class BatchReports {
  readonly #terminal: Terminal;
  /** Where tasks print, so that what is said at the end cannot overtake them. */
  readonly #log: NodeJS.WriteStream;
  readonly #junit: ReportFile | null;
  readonly #html: ReportFile | null;
  /** No task knows it, so none can make the runner obey again. */
  readonly #token = randomName(16);
  #isOpen = false;

  private constructor(
    terminal: Terminal,
    files: { junit: ReportFile | null; html: ReportFile | null; isJson: boolean },
  ) {
    this.#terminal = terminal;
    this.#log = files.isJson ? terminal.stderr : terminal.stdout;
    this.#junit = files.junit;
    this.#html = files.html;
  }

  /** Rejects with `output-not-writable`, before anything starts. */
  static async reserve(args: CommandArgs, terminal: Terminal): Promise<BatchReports> {
    const file = async ({ name }: { name: string }) => {
      const path = args.values[name];
      return typeof path === 'string' ? await ReportFile.reserve(path, process.cwd()) : null;
    };
    const junit = await file(batchOnlyFlags.junit);
    const isJson = args.values[batchOnlyFlags.json.name] === true;
    const { env } = terminal;
    if (isGithub(env) && env.GITHUB_STEP_SUMMARY) await tryAppending(env.GITHUB_STEP_SUMMARY);
    return new BatchReports(terminal, { junit, html: await file(batchOnlyFlags.report), isJson });
  }

  /** From here on what is printed is no command to GitHub's runner. */
  open(): void {
    if (!isGithub(this.#terminal.env)) return;
    this.#log.write(githubOpening(this.#token));
    this.#isOpen = true;
  }

  /** The files that were asked for: one that cannot be written does not keep back the others. */
  async writeFiles(summary: BatchSummary): Promise<void> {
    const [junit, html] = [this.#junit, this.#html];
    const written = await Promise.allSettled([
      junit &&
        import('../report/batch/junit.ts').then(({ junitXml }) =>
          junit.write(junitXml(summary, readRowReceipt)),
        ),
      html &&
        import('../report/batch/html/html-report.ts').then(({ htmlReport }) =>
          html.write(htmlReport(summary, readRowReceipt)),
        ),
    ]);
    for (const result of written) if (result.status === 'rejected') throw result.reason;
  }

  /** After everything that tasks have printed. */
  async tellCi(summary: BatchSummary): Promise<void> {
    const { env } = this.#terminal;
    if (isGithub(env)) {
      this.#isOpen = false;
      const options = { token: this.#token, readReceipt: readRowReceipt, env };
      for await (const text of githubClosing(summary, options)) this.#log.write(text);
      if (env.GITHUB_STEP_SUMMARY) await appendSummary(env.GITHUB_STEP_SUMMARY, summary);
    } else if (isGitlab(env)) {
      for await (const text of gitlabSections(summary, readRowReceipt)) this.#log.write(text);
    }
  }

  /** Where the batch came to no end the runner must obey again all the same. */
  close(): void {
    if (this.#isOpen) this.#log.write(`::${this.#token}::\n`);
    this.#isOpen = false;
  }
}

async function appendSummary(path: string, summary: BatchSummary): Promise<void> {
  const { appendStepSummary } = await import('../report/batch/step-summary.ts');
  await orUnwritable(path, () => appendStepSummary(path, summary, readRowReceipt));
}

/** Before anything starts, without making it, and without waiting for the reader of a pipe. */
async function tryAppending(path: string): Promise<void> {
  await orUnwritable(path, async () => {
    const { O_WRONLY, O_APPEND, O_NONBLOCK, W_OK, X_OK } = constants;
    try {
      await (await open(path, O_WRONLY | O_APPEND | O_NONBLOCK)).close();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await access(dirname(path), W_OK | X_OK);
    }
  });
}

async function orUnwritable(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const message = `cannot write GITHUB_STEP_SUMMARY (${path}): ${messageOf(cause)}`;
    throw new SandboxFailure('output-not-writable', message, { cause });
  }
}
