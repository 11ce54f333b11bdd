import { type Flag, outputFlags, runFlags, settingFlags, taskFlags } from './flags.ts';

/** What stands for a flag of `run` that means something else at a terminal. */
const ownFlags: readonly Flag[] = [
  {
    ...settingFlags.timeout,
    fallback: 'none unless a variable, a config file or a profile of yours sets one',
  },
  {
    ...settingFlags.killAfter,
    help: 'A shell is ended by SIGHUP first: from that to SIGKILL; 0 kills at once',
  },
  { ...taskFlags.interactive, help: 'Accepted for habit: what is typed always goes to the shell' },
];
const terminalFlag: Flag = {
  name: 'tty',
  short: 't',
  help: 'Accepted for habit: a shell always has a terminal',
};

/** Those of `run`, but for --json: standard output is the terminal. */
export const shellFlags: readonly Flag[] = [
  ...runFlags
    .filter((flag) => flag !== outputFlags.json)
    .map((flag) => ownFlags.find(({ name }) => name === flag.name) ?? flag),
  terminalFlag,
];
