import { describe, expect, test } from 'vitest';
import {
  connectFailure,
  engineMessageOf,
  httpStatusOf,
  isAbsent,
  isConnectionLost,
  isTimeout,
} from '../../src/engine/docker/engine-failure.ts';
import { SandboxFailure } from '../../src/failure.ts';

const address = { url: 'tcp://engine:2376', origin: 'DOCKER_HOST', tls: null };

const system = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
/** As dockerode throws them. */
const http = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), {
    statusCode,
    json: { message },
  });
const tooOld = 'client version 1.22 is too old. Minimum supported API version is 1.24';
const timeout = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

describe('an engine that is there and refuses', () => {
  test.each([
    [system('EACCES'), 'engine-permission-denied'],
    [system('EPERM'), 'engine-permission-denied'],
    [system('DEPTH_ZERO_SELF_SIGNED_CERT'), 'engine-tls'],
    [system('SELF_SIGNED_CERT_IN_CHAIN'), 'engine-tls'],
    [system('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'engine-tls'],
    [system('CERT_HAS_EXPIRED'), 'engine-tls'],
    [system('ERR_TLS_CERT_ALTNAME_INVALID'), 'engine-tls'],
    [system('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'engine-tls'],
    [system('EPROTO'), 'engine-tls'],
    [http(400, 'Client sent an HTTP request to an HTTPS server.'), 'engine-tls'],
    [http(400, tooOld), 'engine-api-version'],
    [http(400, 'something else'), 'engine-error'],
    [http(500, 'boom'), 'engine-error'],
    [timeout, 'engine-unresponsive'],
    [new Error('failed', { cause: timeout }), 'engine-unresponsive'],
    [system('ETIMEDOUT'), 'engine-unresponsive'],
    [system('ENOTFOUND'), 'engine-error'],
    [new SyntaxError('Unexpected token < in JSON'), 'engine-error'],
    ['thrown text', 'engine-error'],
  ])('%s is %s, and says where and what to do', (error, code) => {
    const failure = connectFailure(error, address);
    expect(failure.code).toBe(code);
    expect(failure.message).toContain('the engine at tcp://engine:2376');
    expect(failure.hint).toMatch(/.+/);
  });

  test('A failure that was told apart before stays what it is', () => {
    const failure = new SandboxFailure('engine-lost', 'gone');
    expect(connectFailure(failure, address)).toBe(failure);
  });
});

test.each([
  ['ENOENT', true, true],
  ['ECONNREFUSED', true, true],
  ['ECONNRESET', false, true],
  ['EPIPE', false, true],
  ['ETIMEDOUT', false, true],
  ['EACCES', false, false],
])('That %s is nothing there is %s, and that the connection broke is %s', (code, absent, lost) => {
  expect(isAbsent(system(code))).toBe(absent);
  expect(isConnectionLost(system(code))).toBe(lost);
});

test('An answer of the engine is neither an absence nor a broken connection', () => {
  const error = http(404, 'No such container: x');
  expect([isAbsent(error), isConnectionLost(error), isTimeout(error)]).toEqual([
    false,
    false,
    false,
  ]);
});

test.each([
  [http(404, 'No such image: x'), 'No such image: x'],
  [Object.assign(new Error(''), { statusCode: 426 }), 'HTTP status 426'],
  [new Error('(HTTP code 409) conflict - name in use - really '), 'name in use - really'],
  [new Error('plain'), 'plain'],
  ['text', 'text'],
])("%s is said in the engine's own words", (error, message) => {
  expect(engineMessageOf(error)).toBe(message);
});

test.each([
  [http(404, 'x'), 404],
  [new Error('x'), null],
  [Object.assign(new Error('x'), { statusCode: '404' }), null],
  [{ statusCode: 404 }, null],
])('The status of %s is %s', (error, status) => {
  expect(httpStatusOf(error)).toBe(status);
});
