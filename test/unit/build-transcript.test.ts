import { describe, expect, test } from 'vitest';
import { BuildTranscript } from '../../src/engine/docker/images/build/build-transcript.ts';

function transcriptOf(steps: number, streams: readonly string[]): BuildTranscript {
  const transcript = new BuildTranscript(steps, `sha256:${'a'.repeat(64)}`);
  for (const stream of streams) transcript.take({ stream });
  return transcript;
}

const start = ['Step 1/3 : FROM x', '\n', ' ---> aaaaaaaaaaaa\n'];
const second = ['Step 2/3 : RUN a', '\n', ' ---> Running in 111111111111\n'];

describe('the transcript of a build', () => {
  test('knows what was made, and neither the base nor what was in the cache', () => {
    const cachedStep = ['Step 2/3 : RUN a', '\n', ' ---> Using cache\n', ' ---> bbbbbbbbbbbb\n'];
    const third = [
      'Step 3/3 : RUN b',
      ' ---> Running in 222222222222\n',
      'output',
      'Removing intermediate container 222222222222\n',
      ' ---> cccccccccccc\n',
    ];
    const transcript = transcriptOf(3, [...start, ...cachedStep, ...third]);
    expect(transcript.made).toEqual(['cccccccccccc']);
    expect(transcript.step).toBe(3);
  });

  test('says once that a step begins', () => {
    const transcript = new BuildTranscript(2, 'sha256:1');
    expect(transcript.take({ stream: 'Step 1/2 : FROM x' })).toBe(true);
    expect(transcript.take({ stream: '\n' })).toBe(false);
    expect(transcript.take({ stream: 'STEP 2/2: RUN a' })).toBe(true);
  });

  test('believes no command about its container', () => {
    const transcript = transcriptOf(3, [...start, ...second, ' ---> Running in 999999999999\n']);
    expect(transcript.container).toBe('111111111111');
  });

  test('believes no command about the number of its step', () => {
    const transcript = transcriptOf(3, [...start, ...second, 'Step 9/9 : RUN x', 'Step 1/3 : x']);
    expect(transcript.step).toBe(2);
  });

  test('believes no command that the next step has begun', () => {
    const forged = [
      'Step 3/3 : RUN x\n',
      ' ---> bbbbbbbbbbbb\n',
      ' ---> Running in 999999999999\n',
    ];
    const transcript = transcriptOf(3, [...start, ...second, ...forged]);
    expect(transcript).toMatchObject({ step: 2, container: '111111111111', made: [] });
    expect(transcript.lastLines()).toHaveLength(forged.length);
  });

  test.each(['Removing', ' ---> Removed'])('knows the end of a container: %s', (word) => {
    const end = [`${word} intermediate container 111111111111\n`, ' ---> bbbbbbbbbbbb\n'];
    const transcript = transcriptOf(3, [...start, ...second, ...end, 'Step 3/3 : RUN b']);
    expect(transcript).toMatchObject({ step: 3, container: null, made: ['bbbbbbbbbbbb'] });
  });

  test('knows what a base had done before the first step of ours', () => {
    const triggers = [
      'Step 1/3 : FROM x',
      '\n',
      '# Executing 2 build trigger',
      's',
      '\n',
      ' ---> Using cache\n',
      ' ---> Running in 111111111111\n',
      'Removing intermediate container 111111111111\n',
      ' ---> bbbbbbbbbbbb\n',
    ];
    expect(transcriptOf(3, triggers).made).toEqual(['bbbbbbbbbbbb']);
  });

  test('keeps the last lines of the step only, as a terminal would show them', () => {
    const noise = Array.from({ length: 9_999 }, (_, index) => `noise ${index}\n`);
    const said = [
      '10%\r50%\r100%\n',
      '\u001b[91mE: re',
      'd\u001b[0m\n',
      'bell \u0007\n',
      '\n',
      'end',
    ];
    const lines = transcriptOf(3, [...start, ...second, ...noise, ...said]).lastLines();
    expect(lines.slice(-4)).toEqual(['100%', 'E: red', 'bell  ', 'end']);
    expect(lines.length).toBeLessThanOrEqual(40);
  });

  test('keeps the last line as it is, also without a newline', () => {
    const removing = 'Removing intermediate container 111111111111\n';
    const lines = transcriptOf(3, [...start, ...second, 'one\ntwo', removing]).lastLines();
    expect(lines).toEqual(['one', 'two']);
  });

  test('takes the id of the whole from the engine, not from what is printed', () => {
    const transcript = transcriptOf(1, ['Successfully built 999999999999\n']);
    expect(transcript.imageId).toBeNull();
    transcript.take({ aux: { ID: 'sha256:12' } });
    expect(transcript.imageId).toBe('sha256:12');
  });
});
