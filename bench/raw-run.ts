/**
 * The floor: what one task costs without us. NODE raw-run.cjs BODY.json NAME creates, attaches, waits and starts by bare
 * HTTP, and ends with the task's exit code once its output has ended. BODY.json is what `sandbox run` itself asks for.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';

const [, , bodyPath = '', name = ''] = process.argv;
const socketPath = '/var/run/docker.sock';

void main();

async function main(): Promise<void> {
  const { Id } = JSON.parse(
    await textOf(await post(`/containers/create?name=${name}`, readFileSync(bodyPath))),
  ) as { Id: string };
  const [output, waiting] = await Promise.all([
    attach(`/containers/${Id}/attach?stdout=1&stderr=1&stream=1`),
    post(`/containers/${Id}/wait?condition=next-exit`),
  ]);
  const drained = new Promise((resolve) => output.resume().on('close', resolve));
  await post(`/containers/${Id}/start`);
  const [answer] = await Promise.all([textOf(waiting), drained]);
  process.exit((JSON.parse(answer) as { StatusCode: number }).StatusCode);
}

/** The answer as soon as its headers are there. */
async function post(path: string, body?: Buffer): Promise<IncomingMessage> {
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body?.length ?? 0 };
    const call = request(
      { socketPath, method: 'POST', path, headers, agent: false },
      (response) => {
        const { statusCode = 0 } = response;
        if (statusCode < 300) resolve(response);
        else
          void textOf(response).then((said) => reject(new Error(`${path}: ${statusCode} ${said}`)));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

async function attach(path: string): Promise<Duplex> {
  return await new Promise<Duplex>((resolve, reject) => {
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', 'Content-Length': 0 };
    const call = request({ socketPath, method: 'POST', path, headers, agent: false });
    call.on('upgrade', (_response, socket) => resolve(socket));
    call.on('response', ({ statusCode }) => reject(new Error(`${path}: ${statusCode ?? '?'}`)));
    call.on('error', reject);
    call.end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}
