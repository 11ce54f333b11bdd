import type Docker from 'dockerode';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { SandboxFacts } from '../engine.ts';
import type { CommandBefore, CommandSearch } from './command-before.ts';
import type { ContainerConnections } from './container-connections.ts';
import type { DockerApi } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';
import type { SecretFiles } from './secret-files.ts';
import type { Watchdog } from './watchdog.ts';

/** Everything that hangs on one created container. */
export interface ContainerParts extends ContainerConnections {
  readonly api: DockerApi;
  readonly spec: TaskSpec;
  readonly options: Docker.ContainerCreateOptions;
  readonly container: EngineContainer;
  readonly facts: SandboxFacts;
  readonly search: CommandSearch;
  readonly secrets: SecretFiles;
  /** Called once the engine has been asked to start it. */
  readonly onStart: () => void;
  /** False for an engine that never reports a kill for lack of memory: then no count is known. */
  readonly tellsOom: boolean;
}

/** And what is known only when it starts. */
export interface RunningParts extends ContainerParts {
  readonly commandBefore: CommandBefore;
  readonly watchdog: Watchdog;
}
