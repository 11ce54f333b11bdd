// V8 keeps in a code cache what it has compiled, and it compiles what is called. So the program is rehearsed with one
// task on a stand-in that answers as an engine would, and one in simulation, and the cache is made after that: without
// it a quarter of what the program does before a task starts is compiling. What the rehearsal does not reach is only
// compiled later.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** Runs the program with `node`, and writes the code caches of all that was called. */
export async function rehearse({ node, chunks, caches, directory }) {
  const workspace = join(directory, 'workspace');
  const engine = standIn();
  engine.listen(join(directory, 'engine.sock'));
  await once(engine, 'listening');
  mkdirSync(workspace);
  const host = `unix://${join(directory, 'engine.sock')}`;
  const task = ['--workspace', workspace, '--', 'true'];
  const runs = [
    ['run', '--host', host, '--image', 'rehearsal', ...task],
    // Isolated where this machine can do it.
    ['run', '--engine', 'simulation', ...task],
  ];
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    TMPDIR: directory,
    NODE_ENV: 'production',
  };
  const rehearser = join(import.meta.dirname, 'rehearse.cjs');
  const args = [rehearser, chunks, caches, ...runs.map((argv) => JSON.stringify(argv))];
  const child = spawn(node, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const [code] = await once(child, 'close');
  engine.closeAllConnections();
  engine.close();
  if (code !== 0) throw new Error(`expected the rehearsal to end with 0, got ${code}: ${said}`);
}

const id = 'f'.repeat(64);

/** As much of an engine as a task takes that writes nothing and exits 0. */
function standIn() {
  const task = { attached: null, events: null, waiting: null, hostConfig: {} };
  const server = createServer((request, response) => void answer(task, request, response));
  server.on('upgrade', (request, socket) => {
    task.attached = socket;
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  });
  return server;
}

async function answer(task, request, response) {
  const { pathname } = new URL(request.url.replace(/^\/v[\d.]+/, ''), 'http://engine');
  const path = pathname.replace(/^\/containers\/f+/, '/containers/ID');
  let body = '';
  for await (const chunk of request) body += String(chunk);
  response.setHeader('Api-Version', '1.41');
  if (path === '/events') return follow(response, (stream) => (task.events = stream));
  if (path.endsWith('/wait')) return follow(response, (stream) => (task.waiting = stream));
  if (path.endsWith('/create')) task.hostConfig = JSON.parse(body).HostConfig;
  const said = known(task)[path];
  response.statusCode = said === undefined ? 404 : 200;
  response.end(JSON.stringify(said ?? { message: 'not found' }));
  if (path === '/containers/ID/start') end(task);
}

function known({ hostConfig }) {
  const image = `sha256:${id}`;
  const inspected = { Id: id, Image: image, Name: '/rehearsal', State: {}, Config: {}, Mounts: [] };
  return {
    '/_ping': 'OK',
    '/version': { Version: '0', ApiVersion: '1.41', Components: [{ Name: 'Docker Engine' }] },
    '/info': { SecurityOptions: ['name=seccomp,profile=default'], DefaultRuntime: 'runc' },
    '/images/rehearsal/json': { Id: image, RepoDigests: [], Config: {} },
    '/containers/json': [],
    '/containers/create': { Id: id },
    '/containers/ID/json': { ...inspected, HostConfig: hostConfig },
    '/containers/ID/start': {},
    '/containers/ID': {},
  };
}

function follow(response, take) {
  response.flushHeaders();
  take(response);
}

function end({ attached, events, waiting }) {
  const tell = (event) => events.write(`${JSON.stringify({ Action: event, timeNano: 1 })}\n`);
  attached.end();
  tell('die');
  waiting.end(JSON.stringify({ StatusCode: 0 }));
  tell('destroy');
}
