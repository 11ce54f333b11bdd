import { SandboxFailure } from '../../failure.ts';
import type { Sources } from '../resolve-settings.ts';
import { type TaskRequest, resolveSpec } from '../resolve-spec.ts';
import { secretMistake } from '../secret-look.ts';
import type { TaskSpec } from '../task-spec.ts';

/** As resolveSpec; but what a single task is told at its start, of its secrets, a batch is told before the first one. */
export async function resolveWhole(request: TaskRequest, sources: Sources): Promise<TaskSpec> {
  const spec = await resolveSpec(request, sources);
  const look = spec.secrets.map((secret) => secretMistake(secret, sources.caller));
  const mistakes = (await Promise.all(look)).filter((mistake) => mistake !== null);
  if (mistakes.length === 0) return spec;
  const problems = mistakes.map((message) => ({ subject: '--secret', message }));
  throw new SandboxFailure('invalid-settings', 'its secrets cannot be used', { problems });
}
