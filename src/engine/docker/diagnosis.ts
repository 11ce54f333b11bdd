import * as v from 'valibot';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { CreateContext, EngineDiagnosis, ImageFacts } from '../engine.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { ensureImage } from './images/ensure-image.ts';
import { labels } from './labels.ts';
import { ensureNetwork } from './network.ts';

const clockSchema = v.object({ SystemTime: v.optional(v.string()) });

/** What pre-flight checks ask of a Docker engine. */
export class DockerDiagnosis implements EngineDiagnosis {
  readonly #api: DockerApi;

  constructor(api: DockerApi) {
    this.#api = api;
  }

  async clock(cancel: AbortSignal): Promise<Date | null> {
    const { SystemTime } = v.parse(clockSchema, await this.#api.get('/info', cancel));
    const time = SystemTime === undefined ? null : new Date(SystemTime);
    return time === null || Number.isNaN(time.getTime()) ? null : time;
  }

  async image(spec: TaskSpec, context: CreateContext): Promise<ImageFacts> {
    return (await ensureImage(this.#api, spec, context)).facts;
  }

  async network({ network }: TaskSpec, cancel: AbortSignal): Promise<void> {
    await ensureNetwork(this.#api, network, cancel);
  }

  async leftovers(taskId: string): Promise<string[]> {
    const filters = { label: [`${labels.task}=${taskId}`] };
    const found = await this.#api.call(callLimitsMs.quick, (abortSignal) =>
      this.#api.docker.listContainers({ all: true, filters, abortSignal }),
    );
    return found.map(({ Id, State }) => `container ${Id.slice(0, 12)} (${State})`);
  }
}
