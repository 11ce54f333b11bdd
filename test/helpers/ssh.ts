import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { listenOn } from './listening.ts';

/** An `ssh` to put first on PATH. */
export interface SshProgram {
  readonly env: Readonly<Record<string, string>>;
}

/** One that notes its arguments and does here what it should do there. */
export class RecordingSsh implements SshProgram {
  readonly env: Readonly<Record<string, string>>;
  readonly #log: string;

  private constructor(directory: string) {
    this.env = pathWith(directory);
    this.#log = join(directory, 'log');
  }

  /** The script gets the arguments after the host, as the shell on the other side would. */
  static async create(directory: string, script = 'exec sh -c "$*"'): Promise<RecordingSsh> {
    const ssh = new RecordingSsh(directory);
    const lines = [
      // In one piece: several of them run at once.
      `text="pid $$"; for one in "$@"; do text=$(printf '%s\\nargument %s' "$text" "$one"); done`,
      `printf '%s\\n' "$text" >>'${ssh.#log}'`,
      // The other side knows nothing of how we got there.
      'unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG',
      'while [ "$1" != -- ]; do shift; done',
      'shift 2',
      script,
    ];
    await writeProgram(directory, lines);
    return ssh;
  }

  /** The arguments of each call. */
  async calls(): Promise<string[][]> {
    const calls: string[][] = [];
    for (const line of await this.#lines()) {
      if (line.startsWith('pid ')) calls.push([]);
      else calls.at(-1)?.push(line.slice('argument '.length));
    }
    return calls;
  }

  /** The processes that still run; `exec` keeps their ids. */
  async alive(): Promise<number[]> {
    const lines = await this.#lines();
    const pids = lines
      .filter((line) => line.startsWith('pid '))
      .map((line) => Number(line.slice(4)));
    return pids.filter(isAlive);
  }

  async #lines(): Promise<string[]> {
    const log = await readFile(this.#log, 'utf8').catch(() => '');
    return log.split('\n').filter((line) => line !== '');
  }
}

/** The real ssh, with a configuration of its own: it reads that of the home directory, whatever HOME says. */
export async function sshWithConfig(directory: string, config: string): Promise<SshProgram> {
  const real = (await execa('which', ['ssh'])).stdout;
  await writeProgram(directory, [`exec ${real} -F '${directory}/config' "$@"`]);
  await writeFile(join(directory, 'config'), config);
  return { env: pathWith(directory) };
}

export interface SshServer {
  readonly port: number;
  /** Of a client that may log in: the user's own settings, up to the known hosts. */
  readonly clientConfig: string;
  readonly close: () => Promise<void>;
}

/** A real sshd on 127.0.0.1 that lets the user of the tests in, with keys of its own. */
export async function startSshServer(directory: string): Promise<SshServer> {
  await mkdir(directory, { recursive: true });
  // It refuses to start without; where a service manager starts it, that makes the directory.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true });
  for (const name of ['host_key', 'client_key']) {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)];
    await execa('ssh-keygen', args);
  }
  const port = await freePort();
  const config = [
    ...[`Port ${port}`, 'ListenAddress 127.0.0.1', 'PidFile none', `HostKey ${directory}/host_key`],
    ...[`AuthorizedKeysFile ${directory}/client_key.pub`, 'StrictModes no', 'UsePAM no'],
    ...['PasswordAuthentication no', 'PermitRootLogin yes'],
  ];
  await writeFile(join(directory, 'sshd_config'), config.join('\n'));
  const sshd = execa(
    (await execa('which', ['sshd'], sbin)).stdout,
    ['-D', '-e', '-f', join(directory, 'sshd_config')],
    {
      reject: false,
      buffer: false,
    },
  );
  await listening(sshd.stderr);
  const publicKey = await readFile(join(directory, 'host_key.pub'), 'utf8');
  await writeFile(join(directory, 'known_hosts'), `[127.0.0.1]:${port} ${publicKey}`);
  return {
    port,
    clientConfig: clientConfig(directory, port),
    close: async () => {
      sshd.kill();
      await sshd;
    },
  };
}

/** Why there is no such server here, or null. It is in a directory that is not on everyone's PATH. */
export async function whyNoSshServer(): Promise<string | null> {
  const { failed } = await execa('which', ['sshd', 'ssh', 'ssh-keygen'], {
    ...sbin,
    reject: false,
  });
  return failed ? 'openssh-server is not installed' : null;
}

const sbin = { env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` } };

function clientConfig(directory: string, port: number): string {
  return [
    'Host engine-box',
    'HostName 127.0.0.1',
    `Port ${port}`,
    `IdentityFile ${directory}/client_key`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${directory}/known_hosts`,
    'StrictHostKeyChecking yes',
    '',
  ].join('\n');
}

async function freePort(): Promise<number> {
  const { port, close } = await listenOn(createServer());
  await close();
  return port;
}

async function listening(log: NodeJS.ReadableStream): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve, reject) => {
    log.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes('Server listening')) resolve();
    });
    log.on('end', () => reject(new Error(`sshd did not start: ${seen}`)));
  });
}

async function writeProgram(directory: string, lines: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'ssh');
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(path, 0o755);
}

function pathWith(directory: string): Record<string, string> {
  return { PATH: `${directory}:${process.env.PATH ?? ''}` };
}

/** One that has ended and that nobody has asked about is a zombie (state Z). */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}
