import type { CreateContext } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { engineMessageOf, httpStatusOf, isConnectionLost } from '../../engine-failure.ts';
import { type PullProblem, pullProblemOf } from './pull-problem.ts';
import { PullProgress } from './pull-progress.ts';
import type { WantedImage } from './pull.ts';
import { EngineReport, engineLines } from './pull-stream.ts';
import { type RegistryLogin, authHeader, withoutSecrets } from './registry-login.ts';
import { splitReference } from './registry-reference.ts';
import { withoutReference } from './without-reference.ts';

/** One attempt that failed, in the engine's words. */
export class PullError extends Error {
  readonly problem: PullProblem;

  constructor(said: string, { wanted, login }: Attempt, cause: unknown) {
    super(withoutSecrets(said, login.auth), { cause });
    this.problem = pullProblemOf(withoutReference(said, wanted.reference));
  }
}

interface Attempt {
  readonly wanted: WantedImage;
  readonly login: RegistryLogin;
  readonly signal: AbortSignal;
}

export async function pullOnce(
  api: DockerApi,
  attempt: Attempt,
  context: CreateContext,
): Promise<void> {
  const { wanted, login, signal } = attempt;
  const { fromImage, tag } = splitReference(wanted.reference);
  const query = new URLSearchParams({
    fromImage,
    ...(tag === null ? {} : { tag }),
    ...(wanted.platform === null ? {} : { platform: wanted.platform }),
  });
  try {
    const path = `/images/create?${query.toString()}`;
    const answer = await api.post(path, authHeader(login.auth), signal);
    const progress = new PullProgress();
    for await (const line of engineLines(answer)) {
      const bytes = progress.take(line);
      if (bytes) context.progress({ kind: 'layers', ...bytes });
    }
    signal.throwIfAborted();
  } catch (error) {
    signal.throwIfAborted();
    const isAnswer = error instanceof EngineReport || httpStatusOf(error) !== null;
    if (!isAnswer) throw isConnectionLost(error) ? api.lost(error) : error;
    throw new PullError(engineMessageOf(error), attempt, error);
  }
}
