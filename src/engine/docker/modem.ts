import Docker from 'dockerode';
import type { Transport } from './transport.ts';

export function createDocker(transport: Transport): Docker {
  return withoutDockerHost(() => new Docker(modemOptions(transport)));
}

/**
 * The client library reads DOCKER_HOST and the certificates that go with it by itself, whatever it is given, and
 * throws where it cannot: a certificate that is not there would pass for an engine that is not there.
 */
function withoutDockerHost<T>(make: () => T): T {
  const { DOCKER_HOST } = process.env;
  delete process.env.DOCKER_HOST;
  try {
    return make();
  } finally {
    if (DOCKER_HOST !== undefined) process.env.DOCKER_HOST = DOCKER_HOST;
  }
}

/** Every field is given, since the client library fills in what is missing. */
function modemOptions({
  socketPath,
  host,
  port,
  protocol,
  agent,
}: Transport): Docker.DockerOptions {
  const unset = { ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  return { socketPath, host, port, protocol, agent, ...unset } as Docker.DockerOptions;
}
