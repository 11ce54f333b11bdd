import { Agent, type ClientRequestArgs } from 'node:http';
import { Duplex, PassThrough } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';

/**
 * Speaks HTTP over `ssh HOST docker system dial-stdio`, as the Docker CLI does. The user's own ssh program is
 * used, so its configuration, agent and known hosts hold; a library would check none of them.
 */
export class SshAgent extends Agent {
  readonly #arguments: string[];

  constructor(url: URL) {
    super({ keepAlive: false });
    this.#arguments = [
      ...['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=9'],
      ...(url.username ? ['-l', decodeURIComponent(url.username)] : []),
      ...(url.port ? ['-p', url.port] : []),
      '--',
      url.hostname.replace(/^\[|\]$/g, ''),
      'docker',
      ...(url.pathname.length > 1 ? ['--host', `unix://${url.pathname}`] : []),
      ...['system', 'dial-stdio'],
    ];
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    void this.#dial().then((stream) => callback?.(null, stream));
    return undefined;
  }

  async #dial(): Promise<Duplex> {
    const { execa } = await import('execa');
    const ssh = execa('ssh', this.#arguments, {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
      buffer: { stdout: false },
      reject: false,
      maxBuffer: 65_536,
    });
    // Its pipes break before it has ended: only then is it known why.
    const [input, output] = [new PassThrough(), new PassThrough()];
    ssh.stdin.on('error', () => undefined);
    input.pipe(ssh.stdin);
    ssh.stdout.pipe(output, { end: false });
    const stream = Duplex.from({ readable: output, writable: input });
    stream.on('close', () => ssh.kill());
    void ssh.then(({ exitCode, stderr, originalMessage, shortMessage }) => {
      const reason = [stderr, originalMessage, shortMessage].find(Boolean);
      if (exitCode === 0) output.end();
      else if (!ssh.killed) stream.destroy(sshFailure(reason ?? ''));
    });
    return Object.assign(stream, {
      setKeepAlive: noop,
      setNoDelay: noop,
      setTimeout: noop,
      ref: noop,
      unref: noop,
    });
  }
}

function noop(this: unknown): unknown {
  return this;
}

function sshFailure(reason: string): SandboxFailure {
  return new SandboxFailure('engine-error', `cannot reach the engine by ssh: ${reason.trim()}`, {
    hint: 'Check that `ssh HOST docker version` works without a password.',
  });
}
