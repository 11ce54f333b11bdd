import { equivalentCommands } from '../engine/engines.ts';
import { jsonText } from '../report/json.ts';
import { shellLine } from '../report/shell-quote.ts';
import type { TaskSpec } from '../spec/task-spec.ts';

/** Shows what would run, and the way to do it by hand. Starts and creates nothing. */
export async function dryRun(
  spec: TaskSpec,
  { isJson, stdout }: { isJson: boolean; stdout: NodeJS.WritableStream },
): Promise<number> {
  const commands = await equivalentCommands(spec);
  const lines = commands.map(shellLine);
  const text = [jsonText(spec), ...lines.map((line) => `${line}\n`)].join('\n');
  stdout.write(isJson ? jsonText({ task: spec, equivalent: commands, shell: lines }) : text);
  return 0;
}
