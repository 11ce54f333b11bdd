import { SandboxFailure, errnoOf, messageOf } from '../../failure.ts';
import type { EngineAddress } from './context.ts';

/** The engine's HTTP status, where it answered at all. */
export function httpStatusOf(error: unknown): number | null {
  if (error instanceof SandboxFailure) return httpStatusOf(error.cause);
  if (!(error instanceof Error) || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

/** The engine's own words, without the client library's frame around them. */
export function engineMessageOf(error: unknown): string {
  if (error instanceof SandboxFailure && httpStatusOf(error)) return engineMessageOf(error.cause);
  const json = error instanceof Error && 'json' in error ? error.json : null;
  if (typeof json === 'object' && json !== null && 'message' in json)
    return String(json.message).trim();
  const message = messageOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim();
  return message === '' ? `HTTP status ${httpStatusOf(error) ?? 'unknown'}` : message;
}

/** True where nothing is installed or running there, which is no refusal. Of a file it would say nothing. */
export function isAbsent(error: unknown): boolean {
  if (error instanceof Error && 'syscall' in error && error.syscall !== 'connect') return false;
  return ['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '');
}

const tlsErrors = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO|ALTNAME/;

/** Tells apart why an engine that is there does not serve us, each with its own remedy. */
export function connectFailure(error: unknown, address: EngineAddress): SandboxFailure {
  if (error instanceof SandboxFailure) return error;
  const errno = errnoOf(error) ?? '';
  const message = engineMessageOf(error);
  const where = whereOf(address);
  if (errno === 'EACCES' || errno === 'EPERM') return permissionDenied(where, error);
  if (tlsErrors.test(errno) || message.includes('HTTP request to an HTTPS server')) {
    const reason = opensslReasonOf(error) ?? message;
    return new SandboxFailure('engine-tls', `no secure connection to ${where}: ${reason}`, {
      hint: tlsHint(address),
      cause: error,
    });
  }
  if (httpStatusOf(error) === 400 && /version/i.test(message))
    return apiVersionRefused(where, message);
  if (isTimeout(error)) return unresponsive(where, 10_000);
  return unexpectedAnswer(address, error);
}

export function unexpectedAnswer(address: EngineAddress, cause: unknown): SandboxFailure {
  return new SandboxFailure(
    'engine-error',
    `${whereOf(address)} (from ${address.origin}) did not answer as expected: ${engineMessageOf(cause)}`,
    {
      hint: 'Check it with `docker version`, or choose another one with --host or DOCKER_HOST.',
      cause,
    },
  );
}

export function connectionLost(address: EngineAddress, cause: unknown): SandboxFailure {
  return new SandboxFailure(
    'engine-lost',
    `the connection to ${whereOf(address)} broke: ${engineMessageOf(cause)}`,
    { hint: 'Check that it still runs: docker version', cause },
  );
}

function whereOf({ url }: EngineAddress): string {
  return `the engine at ${url}`;
}

/** Its whole message has memory addresses and source files in it. */
function opensslReasonOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('reason' in error)) return null;
  return typeof error.reason === 'string' ? error.reason : null;
}

function tlsHint({ tls }: EngineAddress): string {
  const files =
    'DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem that match the engine';
  return tls === null
    ? `Set DOCKER_TLS_VERIFY=1 and ${files}.`
    : `Set ${files}, or mend those of the context. Without TLS on its side: unset DOCKER_TLS_VERIFY.`;
}

function permissionDenied(where: string, cause: unknown): SandboxFailure {
  return new SandboxFailure('engine-permission-denied', `permission denied by ${where}`, {
    hint: 'Join the group that owns the socket (sudo usermod -aG docker "$USER", then log in again), or use a rootless engine.',
    cause,
  });
}

export function apiVersionRefused(where: string, message: string): SandboxFailure {
  return new SandboxFailure(
    'engine-api-version',
    `${where} speaks another API version: ${message}`,
    {
      hint: 'Docker Engine 20.10 (API 1.41) or newer is needed; update the older of the two.',
    },
  );
}

export function unresponsive(where: string, limitMs: number): SandboxFailure {
  return new SandboxFailure(
    'engine-unresponsive',
    `${where} did not answer within ${limitMs / 1000} s`,
    {
      hint: 'It may be overloaded or frozen: try `docker version`, then restart it.',
    },
  );
}

export function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const names = [error.name, error.cause instanceof Error ? error.cause.name : ''];
  return names.includes('TimeoutError') || errnoOf(error) === 'ETIMEDOUT';
}

/** The connection broke, so the engine is gone, whatever it was asked. */
export function isConnectionLost(error: unknown): boolean {
  const errno = errnoOf(error) ?? '';
  return isAbsent(error) || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET'].includes(errno);
}
