import { randomUUID } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { recipeDigest } from '../../src/spec/profile/recipe.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { failureOf } from '../unit/support/failure.ts';
import {
  containerWith,
  engineThatKnowsOnly,
  engineWithoutOthers,
  imageStore,
  imagesWith,
  listener,
  recipeTask,
  removeImagesWith,
  shell,
  tagsOf,
  writeProfile,
} from '../helpers/built-images.ts';
import { readReceipt } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

const cached = { noCache: false };

async function inImage(reference: string, ...command: string[]): Promise<string> {
  const args = ['run', '--rm', '--network', 'none', '--entrypoint', command[0] ?? '', reference];
  const { stdout } = await execa('docker', [...args, ...command.slice(1)], {
    stripFinalNewline: false,
  });
  return stdout;
}

describeOn('docker', 'building an image', () => {
  test('what is odd in files, variables, commands and paths comes through unchanged', async () => {
    const odd = `a $HOME \${X} "q" 'p' \\ \\\\ \t \`id\` #! ünïcödé 🐚 %s [x] <<EOF`;
    const path = `/opt/odd $HOME "q" 'p' \\ ü [x]/file`;
    const task = recipeTask({
      environment: { ODD: odd, QUOTED: '"x"', EMPTY: '', BACKSLASH: 'ends in \\' },
      files: [
        {
          path,
          mode: '0751',
          base64: Buffer.from(`${odd}\nsecond\r\n\0${odd}`).toString('base64'),
        },
        { path: '/opt/empty', mode: '0600', base64: '' },
      ],
      setup: [
        shell('# a comment\nprintf "%s\\n" "$ODD" > /opt/from-variable \\\n  && true\n'),
        {
          description: 'arguments',
          command: ['/bin/sh', '-c', 'printf "%s|" "$@" > /opt/arguments', 'sh', odd, '', 'a\nb'],
        },
      ],
    });
    const { reference } = await (await imageStore()).build(task, listener().context, cached);
    expect(await inImage(reference, 'cat', path)).toBe(`${odd}\nsecond\r\n\0${odd}`);
    expect(await inImage(reference, 'stat', '-c', '%a %u:%g', path, '/opt/empty')).toBe(
      '751 0:0\n600 0:0\n',
    );
    expect(await inImage(reference, 'cat', '/opt/from-variable')).toBe(`${odd}\n`);
    expect(await inImage(reference, 'cat', '/opt/arguments')).toBe(`${odd}||a\nb|`);
    const { Env } = (await docker.getImage(reference).inspect()).Config;
    expect(Env).toEqual(
      expect.arrayContaining([`ODD=${odd}`, 'QUOTED="x"', 'EMPTY=', 'BACKSLASH=ends in \\']),
    );
  });

  test('more files than an engine stacks layers come together, and leave directories as they are', async () => {
    const content = (text: string) => Buffer.from(text).toString('base64');
    const many = Array.from({ length: 150 }, (_, index) => ({
      ...{ path: `/opt/new/folder/${index}`, mode: '0640', base64: content(`${index}`) },
    }));
    const elsewhere = ['/tmp/x', '/root/x', '/bin/x'].map((path) => ({
      ...{ path, mode: '0755', base64: content('x') },
    }));
    const task = recipeTask({ files: [...many, ...elsewhere] });
    const { reference } = await (await imageStore()).build(task, listener().context, cached);
    const line =
      'cd /opt/new/folder; ls | wc -l; cat 0 149; echo; stat -c "%a %u:%g" . .. 7 /tmp /root /usr/bin/x; test -L /bin';
    expect(await inImage(reference, 'sh', '-euc', line)).toBe(
      '150\n0149\n755 0:0\n755 0:0\n640 0:0\n1777 0:0\n700 0:0\n755 0:0\n',
    );
  });

  test.each([
    ['in the base', '/usr/local/bin', []],
    ['in the base by way of a link', '/bin', []],
    ['in a package', '/usr/share/ucf', ['ucf']],
  ])('a file in the place of a directory %s is refused', async (_, path, packages) => {
    const file = { path, mode: '0755', base64: '' };
    const task = recipeTask({ files: [file], packages });
    const store = await imageStore();
    const failure = await failureOf(() => store.build(task, listener().context, cached));
    expect(failure.code).toBe('image-build-failed');
    expect(failure.message).toMatch(/got a directory: \S+$/);
    expect(failure.hint).toContain(`${path}/NAME`);
    expect(await tagsOf(task.profile)).toEqual([]);
    expect(await imagesWith(task.profile)).toEqual([]);
  });

  test('is done once, and then known by its name, its labels and in receipts', async () => {
    const task = recipeTask({ environment: { A: '1' } });
    const [store, first, second] = [await imageStore(), listener(), listener()];
    const built = await store.build(task, first.context, cached);
    expect(built).toMatchObject({
      origin: 'built',
      minimal: false,
      recipe: recipeDigest(task.recipe),
    });
    expect(built.reference).toMatch(new RegExp(`^sandbox-${task.profile}:[0-9a-f]{16}$`));
    expect(built.preparedMs).toBeGreaterThan(0);
    expect(String(built.preparedMs)).toMatch(/^\d+(\.\d)?$/);
    expect(Object.keys(first.context.phases.durations())).toEqual(['build']);
    expect(first.told.at(0)).toMatchObject({ kind: 'begin', what: 'build' });
    expect(first.told).toContainEqual({ kind: 'step', step: 2, steps: 2, text: 'environment' });
    expect(first.told.at(-1)).toMatchObject({ kind: 'end', what: 'build' });
    const present = await store.build(task, second.context, cached);
    expect(present).toEqual({ ...built, origin: 'present', preparedMs: null });
    expect(second.told).toEqual([]);
  });

  test('another platform or another base is another image', async () => {
    const task = recipeTask({});
    const other = 'sandbox-test-other-base:latest';
    await execa('docker', ['build', '-q', '-t', other, '-'], {
      input: `FROM debian:bookworm-slim\nENV OTHER=${randomUUID()}\n`,
    });
    onTestFinished(() => removeTag(other));
    const store = await imageStore();
    const { Os, Architecture } = await docker.getImage(task.recipe.base).inspect();
    const build = (changes: Partial<TaskSpec>) =>
      store.build({ ...task, ...changes }, listener().context, cached);
    const built = [
      await build({}),
      await build({ platform: `${Os}/${Architecture}` }),
      await build({ recipe: { ...task.recipe, base: other } }),
    ];
    expect(new Set(built.map(({ reference }) => reference)).size).toBe(3);
  });

  test('a changed setup task does not install the packages anew', async () => {
    const root = await stateDirectory();
    const task = recipeTask({ packages: ['tree'], setup: [shell('tree --version > /one')] });
    const store = await imageStore();
    await store.build(task, listener().context, cached);
    const changed = {
      ...task,
      recipe: { ...task.recipe, setup: [shell('tree --version > /two')] },
    };
    const { origin, reference } = await store.build(changed, listener().context, cached);
    const log = await lastLog(root);
    expect(origin).toBe('built');
    expect(log).toMatch(/: RUN .*"install","tree"\]\n ---> Using cache\n/);
    expect(await inImage(reference, 'cat', '/two')).toContain('tree v');
  });

  test('--no-cache builds what is there as well, and leaves one', async () => {
    const task = recipeTask({
      environment: { MARKER: randomUUID() },
      setup: [shell('date > /date')],
    });
    const store = await engineWithoutOthers();
    const first = await store.build(task, listener().context, cached);
    const second = await store.build(task, listener().context, { noCache: true });
    expect(second).toMatchObject({ origin: 'built', reference: first.reference });
    expect(second.id).not.toBe(first.id);
    await expect(docker.getImage(first.id).inspect()).rejects.toThrow(/No such image/);
  });
});

describeOn('docker', 'a build that fails', () => {
  test('says which step, its exit code, its last words and where the log is', async () => {
    const root = await stateDirectory();
    const words =
      'exec >&2; for i in $(seq 30); do echo "line $i"; done; printf "\\033[31mred\\033[0m\\n"; exit 7';
    const task = recipeTask({
      environment: { SET: '1' },
      setup: [shell('true', 'what goes well'), shell(words, 'what does not')],
    });
    const { context, told } = listener();
    const store = await imageStore();
    const failure = await failureOf(() => store.build(task, context, cached));
    const [logPath = ''] = await logs(root);
    expect(failure.code).toBe('image-build-failed');
    for (const line of ['line 22', 'line 30', 'red']) {
      expect(failure.message).toContain(`\n  ${line}`);
    }
    expect(failure.message).toContain('at step 4 of 4 (what does not): exit code 7\n');
    expect(failure.message).not.toContain('line 21\n');
    expect(failure.hint).toContain(logPath);
    expect(await readFile(logPath, 'utf8')).toContain('line 1\nline 2\n');
    expect((await stat(logPath)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(logPath))).mode & 0o777).toBe(0o700);
    expect(told.filter(({ kind }) => kind === 'retry')).toEqual([]);
    expect(await tagsOf(task.profile)).toEqual([]);
  });

  test('is tried again three times where the reason may pass', async () => {
    await stateDirectory();
    const resolving = 'echo "Temporary failure resolving \'deb.invalid\'" >&2; exit 100';
    const task = recipeTask({ setup: [shell(resolving, 'asks a name server')] });
    const { context, told } = listener();
    const store = await imageStore();
    const failure = await failureOf(() => store.build(task, context, cached));
    const waits = told.flatMap((each) => (each.kind === 'retry' ? [each.afterMs] : []));
    expect(failure.message).toContain('(asks a name server): exit code 100');
    expect(waits).toHaveLength(3);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  });

  test('a package that does not exist is not looked for again', async () => {
    await stateDirectory();
    const task = recipeTask({ packages: ['no-such-package-anywhere'] });
    const { context, told } = listener();
    const store = await imageStore();
    const failure = await failureOf(() => store.build(task, context, cached));
    expect(failure.message).toContain('(packages): exit code 100');
    expect(failure.message).toContain('Unable to locate package no-such-package-anywhere');
    expect(told.filter(({ kind }) => kind === 'retry')).toEqual([]);
  });

  test('a base that is not there and may not be pulled', async () => {
    const task = recipeTask({ base: 'sandbox-test-no-such-base:1' }, { pull: 'never' });
    const store = await imageStore();
    const failure = await failureOf(() => store.build(task, listener().context, cached));
    expect(failure.code).toBe('image-not-found');
    expect(failure.message).toBe(
      `the image of profile "${task.profile}" cannot be built, its base is not there: the engine has no image "sandbox-test-no-such-base:1"`,
    );
  });

  test('without its base, what was built of it before is used', async () => {
    const base = `sandbox-test-passing-base:${randomUUID().slice(0, 8)}`;
    await execa('docker', ['tag', 'debian:bookworm-slim', base]);
    const task = recipeTask({ base, environment: { A: '2' } }, { pull: 'never' });
    const store = await imageStore();
    const built = await store.build(task, listener().context, cached);
    await execa('docker', ['rmi', base]);
    const present = await store.build(task, listener().context, cached);
    expect(present).toEqual({ ...built, origin: 'present', preparedMs: null });
  });

  test('an interrupted one leaves no container, no image and no lock', async () => {
    await stateDirectory();
    const marker = randomUUID();
    const task = recipeTask({
      environment: { MARKER: marker },
      setup: [shell('echo done'), shell('sleep 600', 'sleeps')],
    });
    const controller = new AbortController();
    const { context } = listener(controller.signal);
    const store = await imageStore();
    const building = store.build(task, context, cached).catch((error: unknown) => error);
    const container = await containerWith(marker);
    controller.abort('SIGINT');
    expect(await building).toBe('SIGINT');
    expect(await imagesWith(marker)).toEqual([]);
    expect(await tagsOf(task.profile)).toEqual([]);
    await expect(docker.getContainer(container).inspect()).rejects.toThrow(/no such container/i);
    const quick = { ...task, recipe: { ...task.recipe, setup: [shell('echo done')] } };
    expect(await store.build(quick, listener().context, cached)).toMatchObject({ origin: 'built' });
  });
});

describeOn('docker', 'runs that need the same image', () => {
  test('ten at once build it once', async () => {
    const { workspace, env, name } = await tinyProfile('echo built; sleep 2');
    const ids = Array.from({ length: 10 }, (_, index) => `${name}-${index}`);
    const runs = ids.map((id) =>
      workspace.run(['--id', id, '--profile', name, '--network', 'none', '--', 'true'], { env }),
    );
    const codes = (await Promise.all(runs)).map(({ exitCode }) => exitCode);
    const receipts = await Promise.all(
      ids.map((id) => readReceipt(join(workspace.receiptsDir, `${id}.json`))),
    );
    expect(codes).toEqual(ids.map(() => 0));
    const origins = receipts.map(({ image }) => image?.origin).sort();
    expect(origins).toEqual(['built', ...Array.from({ length: 9 }, () => 'present')]);
    expect(new Set(receipts.map(({ image }) => image?.id)).size).toBe(1);
    expect(await readdir(join(env.XDG_STATE_HOME, 'sandbox', 'builds'))).toHaveLength(1);
  }, 180_000);

  test('after a killed builder the next one builds', async () => {
    const gate = 'if [ "$GATE" = closed ]; then sleep 600; fi';
    const { workspace, env, name, marker } = await tinyProfile(gate);
    const args = ['--profile', name, '--network', 'none'];
    const killed = workspace.start([...args, '--build-arg', 'GATE=closed', '--', 'true'], { env });
    const container = await containerWith(marker);
    killed.kill('SIGKILL');
    await killed;
    const opened = [...args, '--id', name, '--build-arg', 'GATE=open'];
    const { exitCode } = await workspace.run([...opened, '--', 'true'], { env });
    const receipt = await readReceipt(join(workspace.receiptsDir, `${name}.json`));
    expect(exitCode).toBe(0);
    expect(receipt.image?.origin).toBe('built');
    // The engine itself ends the build of a client that has gone.
    const look = () => docker.getContainer(container).inspect();
    await expect.poll(() => look().catch(String)).toMatch(/no such container/i);
  });
});

describeOn('docker', 'the images that were built', () => {
  test('are listed, and removed with what only they need', async () => {
    const marker = randomUUID();
    const task = recipeTask({ environment: { MARKER: marker } });
    const store = await engineWithoutOthers();
    const cancel = new AbortController().signal;
    const { reference, id } = await store.build(task, listener().context, cached);
    const found = (await store.list(cancel)).filter(({ profile }) => profile === task.profile);
    expect(found).toMatchObject([
      { reference, id, recipe: recipeDigest(task.recipe), minimal: false },
    ]);
    await store.remove(reference, cancel);
    expect(await imagesWith(marker)).toEqual([]);
    expect((await store.list(cancel)).filter(({ profile }) => profile === task.profile)).toEqual(
      [],
    );
    expect((await failureOf(() => store.remove(reference, cancel))).code).toBe('image-not-found');
  });

  test('are not removed while a container needs them, nor is what is not ours', async () => {
    const store = await imageStore();
    const cancel = new AbortController().signal;
    const task = recipeTask({ environment: { MARKER: randomUUID() } });
    const { reference } = await store.build(task, listener().context, cached);
    const container = await docker.createContainer({ Image: reference, Cmd: ['true'] });
    onTestFinished(() => container.remove());
    const inUse = await failureOf(() => store.remove(reference, cancel));
    expect(inUse.code).toBe('image-not-removed');
    expect(inUse.message).toMatch(/is used by the container .+ \(created\)$/);
    const others = await failureOf(() => store.remove('debian:bookworm-slim', cancel));
    expect(others.message).toBe('expected an image that sandbox made, got "debian:bookworm-slim"');
    await docker.getImage('debian:bookworm-slim').inspect();
  });

  test('what somebody built on one is not ours', async () => {
    const store = await imageStore();
    const cancel = new AbortController().signal;
    const task = recipeTask({ environment: { MARKER: randomUUID() } });
    const { reference } = await store.build(task, listener().context, cached);
    const name = `sandbox-test-on-top:${randomUUID().slice(0, 8)}`;
    const build = (...args: string[]) =>
      execa('docker', ['build', '-q', ...args, '-'], {
        input: `FROM ${reference}\nENV MINE=${name}\n`,
      });
    await build('-t', name);
    onTestFinished(() => removeTag(name));
    expect((await store.list(cancel)).map((image) => image.reference)).not.toContain(name);
    expect((await failureOf(() => store.remove(name, cancel))).code).toBe('image-not-removed');
    await store.remove(reference, cancel);
    expect(await inImage(name, 'printenv', 'MINE')).toBe(`${name}\n`);
  });

  test('are pruned where nothing leads to them, with what failed builds left', async () => {
    const marker = randomUUID();
    const environment = { MARKER: marker };
    const [wanted, unwanted, used] = [1, 2, 3].map(() => recipeTask({ environment }));
    if (!wanted || !unwanted || !used) throw new Error('expected three tasks');
    const failing = recipeTask({ environment, setup: [shell('date > /left'), shell('exit 3')] });
    const store = await imageStore();
    const cancel = new AbortController().signal;
    const kept = await store.build(wanted, listener().context, cached);
    const gone = await store.build(unwanted, listener().context, cached);
    const inUse = await store.build(used, listener().context, cached);
    await failureOf(() => store.build(failing, listener().context, cached));
    const container = await docker.createContainer({ Image: inUse.reference, Cmd: ['true'] });
    onTestFinished(() => container.remove());
    const only = await engineThatKnowsOnly(marker);
    const left = await only.leftovers(cancel);
    expect(left.count).toBeGreaterThan(0);
    const pruned = await only.prune([wanted], cancel);
    // Of each that stays, the image and the step before.
    expect(await imagesWith(marker)).toHaveLength(4);
    expect(pruned.removed).toContain(gone.reference);
    expect(await only.leftovers(cancel)).toEqual({ count: 0, bytes: 0 });
    expect(pruned.removed).not.toContain(inUse.reference);
    expect(await tagsOf(wanted.profile)).toEqual([kept.reference]);
    expect(await tagsOf(used.profile)).toEqual([inUse.reference]);
  });
});

async function removeTag(tag: string): Promise<void> {
  await docker.getImage(tag).remove();
}

/** For the logs of builds in this process; answers where they are. */
async function stateDirectory(): Promise<string> {
  const { root } = await Workspace.create();
  vi.stubEnv('XDG_STATE_HOME', root);
  onTestFinished(() => void vi.unstubAllEnvs());
  return join(root, 'sandbox', 'builds');
}

async function logs(directory: string): Promise<string[]> {
  return (await readdir(directory)).sort().map((name) => join(directory, name));
}

async function lastLog(directory: string): Promise<string> {
  return await readFile((await logs(directory)).at(-1) ?? '', 'utf8');
}

/** One step, and a variable that no other build has. */
async function tinyProfile(command: string) {
  const workspace = await Workspace.create();
  const marker = randomUUID();
  const name = `test-${marker.slice(0, 13)}`;
  const env = await writeProfile(workspace.root, {
    name,
    description: 'one step',
    base: 'debian:bookworm-slim',
    environment: { MARKER: marker },
    setup_tasks: [{ type: 'exec', description: 'one step', command }],
  });
  onTestFinished(() => removeImagesWith(marker), 60_000);
  return { workspace, env, name, marker };
}
