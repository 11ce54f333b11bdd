import type { Command } from '../commands/command.ts';
import { logsFlags, psFlags, stopFlags } from '../commands/ps-flags.ts';
import { shells } from '../spec/choices.ts';
import { answerCodeTable, batchCodeTable, exitCodeTable } from '../outcome/exit-code.ts';
import {
  type Flag,
  type Offer,
  batchFlags,
  configFlags,
  doctorFlags,
  imageBuildFlags,
  imageListFlags,
  imageLoadFlags,
  imagePruneFlags,
  imageRemoveFlags,
  outputFlags,
  profileFlags,
  profileListFlags,
  runFlags,
} from '../commands/flags.ts';
import { gcFlags } from '../commands/gc-flags.ts';
import { shellFlags } from '../commands/shell-flags.ts';
import {
  receiptListFlags,
  receiptShowFlags,
  receiptStatsFlags,
} from '../commands/receipt-flags.ts';

export interface CommandRow {
  readonly summary: string;
  readonly usage: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  readonly exitCodes: typeof exitCodeTable;
  /** What a shell offers for the words that are no options; nothing where it is left out. */
  readonly offers?: Offer;
  /** True where words follow that are no command of their own: then options may stand among them. */
  readonly optionsAnywhere?: boolean;
  /** Loaded when it is called, so that start-up pays only for what is used. */
  readonly load: () => Promise<Command>;
}

/** Every command by its one or two words: dispatch, help and docs derive from here. */
export const commands: Readonly<Record<string, CommandRow>> = {
  run: {
    summary: 'Run one command in a sandbox of its own and write its receipt',
    usage: 'run [options] [--] CMD [ARGS…]   or   run [options] -c LINE',
    offers: 'command',
    flags: runFlags,
    examples: [
      'sandbox run -- npm test',
      'sandbox run --timeout 30s -m 1g --network none -- make check',
      "sandbox run -e CI=1 -c 'make && make check'",
    ],
    exitCodes: exitCodeTable,
    load: async () => (await import('../commands/run.ts')).run,
  },
  shell: {
    summary: 'Open a terminal in a sandbox of its own and write its receipt',
    usage: 'shell [options] [--] [CMD [ARGS…]]',
    flags: shellFlags,
    examples: [
      'sandbox shell',
      'sandbox shell --profile builder --network none',
      'sandbox shell --image python:3.13 -- python',
    ],
    exitCodes: exitCodeTable,
    load: async () => (await import('../commands/shell.ts')).shell,
  },
  batch: {
    summary: 'Run many commands, each in a sandbox of its own, and write a summary',
    usage: 'batch FILE [options]   or   batch - [options]',
    offers: 'file',
    flags: batchFlags,
    examples: [
      'sandbox batch checks.jsonl -j 4 --report checks.html',
      'sandbox batch checks.yaml --halt now,fail=3 --junit checks.xml',
      'sandbox batch checks.csv --resume-failed --retries 2',
    ],
    optionsAnywhere: true,
    exitCodes: batchCodeTable,
    load: async () => (await import('../commands/batch.ts')).batch,
  },
  ps: {
    summary: 'List the tasks that run now',
    usage: 'ps [options]',
    flags: psFlags,
    examples: [
      'sandbox ps',
      'sandbox ps --json | jq \'.[] | select(.owner.state == "dead")\'',
      'sandbox ps -q --engine simulation',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/running-tasks.ts')).ps,
  },
  logs: {
    summary: 'Print what a task prints while it runs, or what its receipt has of it',
    usage: 'logs ID [options]',
    offers: 'task',
    flags: logsFlags,
    examples: [
      'sandbox logs nightly --follow',
      'sandbox logs 0m3k9x --tail 20',
      'sandbox logs nightly --receipt ../app.receipts --json',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/running-tasks.ts')).logs,
  },
  stop: {
    summary: 'End running tasks as their deadline would',
    usage: 'stop ID… [options]   or   stop --all [options]',
    offers: 'task',
    flags: stopFlags,
    examples: ['sandbox stop nightly', 'sandbox stop 0m3k9x 0m3ka2', 'sandbox stop --all --json'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/running-tasks.ts')).stop,
  },
  doctor: {
    summary: 'Check whether tasks can run here; with --prove, whether they are held',
    usage: 'doctor [options]',
    flags: doctorFlags,
    examples: [
      'sandbox doctor && ./deploy.sh',
      'sandbox doctor --isolation container --json',
      'sandbox doctor --prove',
    ],
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/doctor.ts')).doctor,
  },
  gc: {
    summary: 'Remove what killed runs left: containers, networks, temporary files',
    usage: 'gc [options]',
    flags: gcFlags,
    examples: [
      'sandbox gc --dry-run',
      'sandbox gc',
      'sandbox gc --receipts /var/lib/ci/receipts --json',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/gc.ts')).gc,
  },
  config: {
    summary: 'Print every effective setting and where it came from',
    usage: 'config [options]',
    flags: configFlags,
    examples: ['sandbox config', 'sandbox config --memory 2g --json'],
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/config.ts')).config,
  },
  'receipt ls': {
    summary: 'List the receipts of a workspace or a directory, the newest first',
    usage: 'receipt ls [DIR] [options]',
    offers: 'directory',
    flags: receiptListFlags,
    examples: [
      'sandbox receipt ls --limit 10',
      'sandbox receipt ls --status failed,timed-out --since 2h',
      'sandbox receipt ls ../app.receipts --json',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/receipt-ls.ts')).receiptLs,
  },
  'receipt show': {
    summary: 'Print what a receipt says of its task: how it ended and why, and its output',
    usage: 'receipt show PATH|ID [DIR] [options]',
    offers: 'receipt',
    flags: receiptShowFlags,
    examples: [
      'sandbox receipt show 0mi9xk2',
      'sandbox receipt show ../app.receipts/unit.json',
      'sandbox receipt show unit --stdout | less',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/receipt-show.ts')).receiptShow,
  },
  'receipt stats': {
    summary: 'Count receipts by how their tasks ended: pass rate, durations, what fails',
    usage: 'receipt stats [DIR] [options]',
    offers: 'directory',
    flags: receiptStatsFlags,
    examples: ['sandbox receipt stats', 'sandbox receipt stats --since 7d --json'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/receipt-stats.ts')).receiptStats,
  },
  'profile ls': {
    summary: 'List the profiles: built in, your own and those of the project',
    usage: 'profile ls [options]',
    flags: profileListFlags,
    examples: ['sandbox profile ls', 'sandbox profile ls -q'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/profile-ls.ts')).profileLs,
  },
  'profile show': {
    summary: 'Print a profile with everything that it extends worked in',
    usage: 'profile show NAME [options]',
    offers: 'profile',
    flags: profileFlags,
    examples: ['sandbox profile show builder', 'sandbox profile show builder --json'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/profile-show.ts')).profileShow,
  },
  'profile validate': {
    summary: 'Check a profile file and name everything that is wrong with it',
    usage: 'profile validate FILE [options]',
    offers: 'file',
    flags: profileFlags,
    examples: ['sandbox profile validate .sandbox/profiles/docs.json'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/profile-validate.ts')).profileValidate,
  },
  'image build': {
    summary: 'Build the images of profiles and print their references',
    usage: 'image build [PROFILE…] [options]',
    offers: 'profile',
    flags: imageBuildFlags,
    examples: [
      'sandbox image build',
      'sandbox image build base builder',
      'sandbox image build base --build-arg BASE=registry.example/debian:bookworm-slim',
      'sandbox image build --minimal',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/image-build.ts')).imageBuild,
  },
  'image ls': {
    summary: 'List the images that were built for profiles',
    usage: 'image ls [options]',
    flags: imageListFlags,
    examples: ['sandbox image ls --json'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/image-ls.ts')).imageLs,
  },
  'image rm': {
    summary: 'Remove images that were built for profiles',
    usage: 'image rm REFERENCE… [options]',
    flags: imageRemoveFlags,
    examples: ['sandbox image rm sandbox-base:0123456789abcdef'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/image-rm.ts')).imageRm,
  },
  'image prune': {
    summary: 'Remove the images of ours that no profile of here leads to any more',
    usage: 'image prune [options]',
    flags: imagePruneFlags,
    examples: ['sandbox image prune'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/image-prune.ts')).imagePrune,
  },
  'image load': {
    summary: 'Load the images of an archive that `docker save` wrote',
    usage: 'image load FILE [options]',
    offers: 'file',
    flags: imageLoadFlags,
    examples: ['sandbox image load debian.tar'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/image-load.ts')).imageLoad,
  },
  'image import': {
    summary: 'Make an image of a directory that is a root file system',
    usage: 'image import DIRECTORY REFERENCE [options]',
    offers: 'directory',
    flags: imageLoadFlags,
    examples: ['sandbox image import ./rootfs debian:bookworm-slim'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('../commands/image-import.ts')).imageImport,
  },
  completion: {
    summary: 'Print the completion script of a shell: bash, zsh or fish',
    usage: 'completion SHELL',
    offers: shells,
    flags: [outputFlags.help],
    examples: [
      'sandbox completion bash > ~/.local/share/bash-completion/completions/sandbox',
      'sandbox completion fish > ~/.config/fish/completions/sandbox.fish',
    ],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('./completion/completion.ts')).completion,
  },
  man: {
    summary: 'Print the manual page',
    usage: 'man',
    flags: [outputFlags.help],
    examples: ['sandbox man | man -l -'],
    optionsAnywhere: true,
    exitCodes: answerCodeTable,
    load: async () => (await import('./man.ts')).man,
  },
};

export const commandNames: readonly string[] = Object.keys(commands);

/** First words that are followed by another one, such as `image`. */
export const groupNames: readonly string[] = [
  ...new Set(commandNames.filter((name) => name.includes(' ')).map((name) => firstWord(name))),
];

function firstWord(name: string): string {
  return name.slice(0, name.indexOf(' '));
}

/** What may follow a group's word. */
export function wordsOfGroup(group: string): string[] {
  const prefix = `${group} `;
  return commandNames
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}
