import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, type Socket as TcpSocket, createServer } from 'node:net';

/** What the host listens with while a task tries to reach it. */
export interface Listeners {
  readonly tcpPort: number;
  readonly udpPort: number;
  /** Who came with the token, by protocol. */
  readonly visits: () => readonly string[];
  readonly close: () => Promise<void>;
}

/** On every address of this host, IPv4 and IPv6; whoever sends the token is noted and answered. */
export async function listenEverywhere(token: string): Promise<Listeners> {
  const visits: string[] = [];
  const tcp = await listenTcp(token, visits);
  const udp = await listenUdp(token, visits);
  return {
    tcpPort: tcp.port,
    udpPort: udp.port,
    visits: () => visits,
    close: async () => {
      await Promise.all([tcp.close(), udp.close()]);
    },
  };
}

interface Open {
  readonly port: number;
  readonly close: () => Promise<void>;
}

async function listenTcp(token: string, visits: string[]): Promise<Open> {
  const sockets = new Set<TcpSocket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      if (data.toString().includes(token)) visits.push(`TCP from ${socket.remoteAddress ?? '?'}`);
      socket.write(token);
    });
  });
  await listenOnAny(async (host) => {
    server.listen({ port: 0, host });
    await once(server, 'listening');
  });
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port, close };
}

/** A socket for each family: one for both would miss IPv4's broadcasts. */
async function listenUdp(token: string, visits: string[]): Promise<Open> {
  const ipv4 = createSocket('udp4');
  const port = await bound(ipv4, 0);
  const ipv6 = createSocket({ type: 'udp6', ipv6Only: true });
  const hasIpv6 = await bound(ipv6, port).then(
    () => true,
    () => false,
  );
  const sockets = hasIpv6 ? [ipv4, ipv6] : [ipv4];
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.on('message', (message, from) => {
      if (message.toString('latin1').includes(token)) visits.push(`UDP from ${from.address}`);
      socket.send(message, from.port, from.address);
    });
  }
  const close = async () => {
    await Promise.all(
      sockets.map(async (socket) => {
        socket.close();
        await once(socket, 'close');
      }),
    );
  };
  return { port, close };
}

async function bound(socket: Socket, port: number): Promise<number> {
  socket.bind(port);
  await once(socket, 'listening');
  return socket.address().port;
}

/** `::` takes IPv4 as well; a host without IPv6 has only the other. */
async function listenOnAny(listen: (host: string) => Promise<void>): Promise<void> {
  try {
    await listen('::');
  } catch {
    await listen('0.0.0.0');
  }
}
