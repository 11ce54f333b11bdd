import { jsonText } from '../report/json.ts';
import { taskJson, taskTable } from '../report/tasks.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { withKnownTasks } from './known-tasks.ts';
import { taskListFlags } from './ps-flags.ts';
import { wordProblems } from './words.ts';

const command = 'ps';

/** `sandbox ps`: the tasks that run now. */
export const ps: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  const { stdout } = terminal;
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const problems = wordProblems(args, { command, names: [] });
    const asked = { command, problems, terminal, cancel };
    const tasks = await withKnownTasks(args, asked, (known) => Promise.resolve(known.tasks));
    const nowMs = Date.now();
    if (isJson(args)) stdout.write(jsonText(tasks.map((task) => taskJson(task, nowMs))));
    else if (args.values[taskListFlags.quiet.name] === true) {
      stdout.write(tasks.map(({ id }) => `${id}\n`).join(''));
    } else stdout.write(taskTable(tasks, { nowMs, columns: columnsOf(stdout) }));
    return answers.fine;
  });
};

function columnsOf(stdout: NodeJS.WriteStream): number | null {
  const { isTTY, columns } = stdout as { isTTY?: boolean; columns?: number };
  return isTTY === true ? (columns ?? null) : null;
}
