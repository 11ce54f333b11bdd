import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Services on every address of this host, TCP and UDP, that note what got through. */
export interface Listener {
  readonly port: number;
  /** What came by UDP until now, one line each. */
  heard(): Promise<string[]>;
  close(): void;
}

export async function listenEverywhere(): Promise<Listener> {
  const server = createServer((socket) => socket.end());
  server.listen(0, '::');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // One for each family: a socket for both gets no IPv4 multicast.
  const sockets = [createSocket('udp4'), createSocket({ type: 'udp6', ipv6Only: true })];
  const heard: string[] = [];
  for (const [index, socket] of sockets.entries()) {
    socket.on('message', (message) => heard.push(message.toString()));
    socket.bind(port, index === 0 ? '0.0.0.0' : '::');
    await once(socket, 'listening');
  }
  return {
    port,
    heard: async () => {
      // What came before has been read once this comes.
      const own = (text: string) => text.startsWith('own ');
      for (const [index, socket] of sockets.entries()) {
        const mark = `own ${index} ${Date.now()}`;
        socket.send(mark, port, index === 0 ? '127.0.0.1' : '::1');
        while (!heard.includes(mark)) await once(socket, 'message');
      }
      return heard.filter((text) => !own(text));
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.close();
    },
  };
}

/** Every address of this host but loopback, of both families. */
export function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address.replace(/%.*/, ''));
}
