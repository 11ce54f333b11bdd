import { type AddressInfo, type ListenOptions, type Server, type Socket, connect } from 'node:net';

/** A server that a test has started, and how to end it with all its connections. */
export interface Listening {
  /** Zero for a socket file. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Without a path or a port it is a free port of 127.0.0.1. */
export async function listenOn(
  server: Server,
  where: ListenOptions = { host: '127.0.0.1', port: 0 },
): Promise<Listening> {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    // Whoever is tested may hang up at any time.
    socket.on('error', () => undefined);
    socket.on('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  const address = server.address();
  return {
    port: isPort(address) ? address.port : 0,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

function isPort(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

/** Copies bytes to the real engine's socket and back. */
export function toRealEngine(client: Socket, path = '/var/run/docker.sock'): void {
  const engine = connect({ path, allowHalfOpen: true });
  engine.on('error', () => client.destroy());
  client.on('error', () => engine.destroy());
  engine.on('close', () => client.destroy());
  client.on('close', () => engine.destroy());
  client.pipe(engine);
  engine.pipe(client);
}
