import { randomUUID } from 'node:crypto';
import { SandboxFailure, messageOf } from '../failure.ts';
import type { BatchSummary } from '../receipt/batch-summary.ts';
import { readRowReceipt } from '../receipt/read-receipt.ts';
import { githubClosing, githubOpening, isGithub } from '../report/batch/github.ts';
import { gitlabSections, isGitlab } from '../report/batch/gitlab.ts';
import { ReportFile } from '../report/report-file.ts';
import type { Terminal } from '../report/terminal.ts';
import type { CommandArgs } from './command.ts';
import { batchOnlyFlags } from './flags.ts';

/** What is written besides the summary once a batch has ended: files that were asked for, and what CI shows. */
export class BatchReports {
  readonly #terminal: Terminal;
  /** Where tasks print, so that what is said at the end cannot overtake them. */
  readonly #log: NodeJS.WriteStream;
  readonly #junit: ReportFile | null;
  readonly #html: ReportFile | null;
  /** No task knows it, so none can make the runner obey again. */
  readonly #token = randomUUID();

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
    return new BatchReports(terminal, { junit, html: await file(batchOnlyFlags.report), isJson });
  }

  /** From here on what is printed is no command to GitHub's runner. */
  open(): void {
    if (isGithub(this.#terminal.env)) this.#log.write(githubOpening(this.#token));
  }

  async write(summary: BatchSummary): Promise<void> {
    await this.#tellCi(summary);
    if (this.#junit) {
      const { junitXml } = await import('../report/batch/junit.ts');
      await this.#junit.write(junitXml(summary, readRowReceipt));
    }
    if (this.#html) {
      const { htmlReport } = await import('../report/batch/html/html-report.ts');
      await this.#html.write(htmlReport(summary, readRowReceipt));
    }
  }

  async #tellCi(summary: BatchSummary): Promise<void> {
    const { env } = this.#terminal;
    if (isGithub(env)) {
      const options = { token: this.#token, readReceipt: readRowReceipt, env };
      for await (const text of githubClosing(summary, options)) this.#log.write(text);
      if (env.GITHUB_STEP_SUMMARY) await appendSummary(env.GITHUB_STEP_SUMMARY, summary);
    }
    if (isGitlab(env)) {
      for await (const text of gitlabSections(summary, readRowReceipt)) this.#log.write(text);
    }
  }
}

async function appendSummary(path: string, summary: BatchSummary): Promise<void> {
  const { appendStepSummary } = await import('../report/batch/step-summary.ts');
  try {
    await appendStepSummary(path, summary, readRowReceipt);
  } catch (cause) {
    const message = `cannot write GITHUB_STEP_SUMMARY (${path}): ${messageOf(cause)}`;
    throw new SandboxFailure('output-not-writable', message, { cause });
  }
}
