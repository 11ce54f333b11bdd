import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { SandboxFacts } from '../engine.ts';
import type { CommandBefore } from './command-before.ts';
import type { ContainerEvents } from './container-events.ts';
import type { DockerApi } from './docker-api.ts';
import type { SecretFiles } from './secret-files.ts';

/** Everything that hangs on one created container. */
export interface ContainerParts {
  readonly api: DockerApi;
  readonly spec: TaskSpec;
  readonly options: Docker.ContainerCreateOptions;
  readonly container: Docker.Container;
  readonly attached: Duplex;
  readonly waiting: IncomingMessage;
  readonly events: ContainerEvents;
  readonly facts: SandboxFacts;
  /** The task's PATH, where it is known. */
  readonly path: string | null;
  readonly commandBefore: CommandBefore;
  readonly secrets: SecretFiles;
}
