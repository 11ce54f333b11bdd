import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** An authority with one certificate for a server at 127.0.0.1 and one for a client, as folders for DOCKER_CERT_PATH. */
export interface TlsFolders {
  readonly server: string;
  readonly client: string;
}

export async function makeTlsFolders(directory: string): Promise<TlsFolders> {
  await mkdir(directory, { recursive: true });
  const openssl = async (...args: string[]) => {
    await execa('openssl', args, { cwd: directory });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...['req', '-x509', ...newKey, '-subj', '/CN=test authority', '-days', '2'],
    ...['-keyout', 'ca-key.pem', '-out', 'ca.pem'],
  );
  const sign = async (name: string, extensions: string) => {
    const folder = join(directory, name);
    await mkdir(folder);
    await writeFile(join(folder, 'extensions'), extensions);
    const request = join(folder, 'request.pem');
    await openssl(
      ...['req', ...newKey, '-subj', `/CN=${name}`],
      ...['-keyout', join(folder, 'key.pem'), '-out', request],
    );
    await openssl(
      ...['x509', '-req', '-in', request, '-CA', 'ca.pem', '-CAkey', 'ca-key.pem'],
      ...['-CAcreateserial', '-days', '2', '-out', join(folder, 'cert.pem')],
      ...['-extfile', join(folder, 'extensions')],
    );
    await writeFile(join(folder, 'ca.pem'), await readFile(join(directory, 'ca.pem')));
    return folder;
  };
  return {
    server: await sign('server', 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'),
    client: await sign('client', 'extendedKeyUsage=clientAuth\n'),
  };
}

/** What a TLS server or client of Node.js takes. */
export async function readTlsFolder(folder: string) {
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  return { ca, cert, key };
}
