import { createHash } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

interface Endpoint {
  readonly Host: string;
  readonly SkipTLSVerify?: boolean;
}

/** A folder as the Docker CLI keeps it, for DOCKER_CONFIG. */
export class DockerConfig {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(path: string): Promise<DockerConfig> {
    await mkdir(path, { recursive: true });
    return new DockerConfig(path);
  }

  /** The text of config.json, whatever it is. */
  async write(text: string): Promise<void> {
    await writeFile(join(this.path, 'config.json'), text);
  }

  /** What `docker context create` writes, the TLS files of a folder with it; answers the file with the address. */
  async addContext(name: string, endpoint: Endpoint, tlsFolder?: string): Promise<string> {
    const hash = createHash('sha256').update(name).digest('hex');
    const meta = { Name: name, Metadata: {}, Endpoints: { docker: endpoint } };
    const path = join(this.path, 'contexts/meta', hash, 'meta.json');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(meta));
    if (!tlsFolder) return path;
    const target = join(this.path, 'contexts/tls', hash, 'docker');
    for (const file of ['ca.pem', 'cert.pem', 'key.pem']) {
      await cp(join(tlsFolder, file), join(target, file));
    }
    return path;
  }

  /** As `docker context use` does. */
  async use(name: string): Promise<void> {
    await this.write(JSON.stringify({ auths: {}, currentContext: name }));
  }

  /** The Docker CLI itself, with this folder. */
  async docker(args: readonly string[]): Promise<void> {
    await execa('docker', args, { env: { DOCKER_CONFIG: this.path } });
  }
}
