import { randomUUID } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf } from '../unit/support/failure.ts';
import {
  type RecipeTask,
  containerWith,
  imageStore,
  imagesWith,
  listener,
  recipeTask,
  removeImagesWith,
  shell,
  writeProfile,
} from '../helpers/built-images.ts';
import { printed, readReceipt, runCli } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

const cached = { noCache: false };
const cancel = new AbortController().signal;

/** An image that is gone when the test is, by this name of it. */
async function dockerBuild(tag: string, dockerfile: string): Promise<void> {
  await execa('docker', ['build', '-q', '-t', tag, '-'], { input: dockerfile });
  onTestFinished(() => untag(tag));
}

async function untag(tag: string): Promise<void> {
  await execa('docker', ['rmi', tag], { reject: false });
}

/** Another name of the usual base, as if it came from elsewhere. */
async function otherNameOfBase(): Promise<string> {
  const name = `sandbox-test-base:${randomUUID().slice(0, 8)}`;
  await execa('docker', ['tag', 'debian:bookworm-slim', name]);
  onTestFinished(() => untag(name));
  return name;
}

async function build(task: RecipeTask) {
  return await (await imageStore()).build(task, listener().context, cached);
}

describeOn('docker', 'an image that somebody built on ours', () => {
  async function derived(tag: (reference: string) => string) {
    const base = await otherNameOfBase();
    const task = recipeTask({ base }, { pull: 'never' });
    const built = await build(task);
    const name = tag(built.reference);
    await dockerBuild(name, `FROM ${built.id}\nRUN echo derived > /who\n`);
    return { base, task, built, name };
  }

  test('is not taken for it where it has its name', async () => {
    const { task, built, name } = await derived((reference) => reference);
    const again = await build(task);
    expect(again).toMatchObject({ origin: 'built', reference: name });
    expect(again.id).toBe(built.id);
  });

  test('is not taken for it where the base is gone', async () => {
    const { base, task } = await derived((reference) => reference);
    await untag(base);
    const failure = await failureOf(() => build(task));
    expect(failure.code).toBe('image-not-found');
  });

  test('is neither listed nor removed, whatever its name is', async () => {
    const { name } = await derived((reference) => reference);
    const mine = name.replace(/:.*/, ':mine');
    await execa('docker', ['tag', name, mine]);
    onTestFinished(() => untag(mine));
    const store = await imageStore();
    const listed = (await store.list(cancel)).map(({ reference }) => reference);
    for (const each of [name, mine]) {
      expect(listed).not.toContain(each);
      const failure = await failureOf(() => store.remove(each, cancel));
      expect(failure.code).toBe('image-not-removed');
    }
  });

  test('is another thing than ours that was saved and loaded', async () => {
    const { root } = await Workspace.create();
    const task = recipeTask({ environment: { A: 'saved' } });
    const built = await build(task);
    const path = join(root, 'saved.tar');
    await execa('docker', ['save', '-o', path, built.reference]);
    await removeImagesWith(task.profile);
    const store = await imageStore();
    expect(await store.load(path, listener().context)).toEqual([built.reference]);
    expect(await build(task)).toEqual({ ...built, origin: 'present', preparedMs: null });
    await store.remove(built.reference, cancel);
  });
});

describeOn('docker', 'a base from a mirror', () => {
  test('makes what a run without it finds', async () => {
    const [base, mirror] = [`sandbox-test-no-base:${randomUUID()}`, await otherNameOfBase()];
    const task = recipeTask({ base }, { pull: 'never' });
    const built = await build({ ...task, buildArgs: { BASE: mirror } });
    expect(built.origin).toBe('built');
    await untag(mirror);
    expect(await build(task)).toEqual({ ...built, origin: 'present', preparedMs: null });
  });

  test('is not passed over for what was made of another one', async () => {
    const [base, missing] = [1, 2].map(() => `sandbox-test-no-base:${randomUUID()}`);
    const task = recipeTask({ base: base ?? '' }, { pull: 'never' });
    await build({ ...task, buildArgs: { BASE: 'debian:bookworm-slim' } });
    const failure = await failureOf(() => build({ ...task, buildArgs: { BASE: missing ?? '' } }));
    expect(failure.code).toBe('image-not-found');
  });

  test('makes the same image as the base itself', async () => {
    const [base, mirror] = [await otherNameOfBase(), await otherNameOfBase()];
    const task = recipeTask({ base });
    const { reference } = await build({ ...task, buildArgs: { BASE: mirror } });
    expect(await build(task)).toMatchObject({ origin: 'present', reference });
  });

  test('that is not the only one gives the newest, and that is said', async () => {
    const base = `sandbox-test-no-base:${randomUUID()}`;
    const other = `sandbox-test-other:${randomUUID().slice(0, 8)}`;
    await dockerBuild(other, `FROM debian:bookworm-slim\nENV OTHER=${other}\n`);
    const task = recipeTask({ base }, { pull: 'never' });
    await build({ ...task, buildArgs: { BASE: 'debian:bookworm-slim' } });
    await build({ ...task, buildArgs: { BASE: other } });
    const { context, warnings } = listener();
    const found = await (await imageStore()).build(task, context, cached);
    expect(warnings.join()).toContain(`the newest is taken, ${found.reference}`);
  });
});

describeOn('docker', 'what the output of a step says', () => {
  test('makes nobody remove a container of somebody else', async () => {
    const name = `sandbox-test-foreign-${randomUUID()}`;
    const foreign = await docker.createContainer({
      name,
      Image: 'debian:bookworm-slim',
      Cmd: ['sleep', '600'],
    });
    onTestFinished(() => foreign.remove({ force: true }));
    await foreign.start();
    const lie = [
      'echo "Removing intermediate container $(hostname)"; sleep 0.3',
      'echo "Step 6/7 : RUN x"; sleep 0.3',
      `echo " ---> Running in ${foreign.id.slice(0, 12)}"; sleep 0.3`,
      'while :; do echo it is said; sleep 0.2; done',
    ];
    const marker = randomUUID();
    const environment = { MARKER: marker };
    const task = recipeTask({ environment, setup: [shell(lie.join('\n')), shell('true')] });
    const controller = new AbortController();
    const { context } = listener(controller.signal);
    const building = (await imageStore()).build(task, context, cached).catch((e: unknown) => e);
    const own = docker.getContainer(await containerWith(marker));
    await printed(await own.attach({ stream: true, stdout: true }), 'it is said');
    controller.abort('SIGINT');
    expect(await building).toBe('SIGINT');
    expect((await foreign.inspect()).State.Running).toBe(true);
    await expect(own.inspect()).rejects.toThrow(/no such container/i);
    expect(await imagesWith(marker)).toEqual([]);
  });

  test('a base that has something done first leaves nothing either', async () => {
    const base = `sandbox-test-onbuild:${randomUUID().slice(0, 8)}`;
    const marker = randomUUID();
    await dockerBuild(
      base,
      `FROM debian:bookworm-slim\nONBUILD ENV BY_BASE=${marker}\nONBUILD RUN echo ${marker} > /junk\n`,
    );
    const own = randomUUID();
    const setup = [shell(`echo ${own}; sleep 600`)];
    const task = recipeTask({ base, environment: { OWN: own }, setup });
    const controller = new AbortController();
    const { context } = listener(controller.signal);
    const building = (await imageStore()).build(task, context, cached).catch((e: unknown) => e);
    await containerWith(own);
    controller.abort('SIGINT');
    expect(await building).toBe('SIGINT');
    const all = await docker.listImages({ all: true });
    const inspected = all.map(({ Id }) => docker.getImage(Id).inspect());
    // Those of others may be gone by now, and an image without variables has null.
    const variables = (await Promise.allSettled(inspected)).flatMap((image) =>
      image.status === 'fulfilled' ? ((image.value.Config.Env as string[] | null) ?? []) : [],
    );
    expect(variables).not.toContain(`BY_BASE=${marker}`);
  });
});

describeOn('docker', 'runs that reach one engine in several ways', () => {
  test('build what they need once', async () => {
    const { root } = await Workspace.create();
    const marker = randomUUID();
    const name = `test-${marker.slice(0, 13)}`;
    const profile = { name, description: 'x', base: 'debian:bookworm-slim' };
    const task = { type: 'exec', description: 'waits', command: `: ${marker}; sleep 2` };
    const environment = { MARKER: marker };
    const own = await writeProfile(root, { ...profile, environment, setup_tasks: [task] });
    onTestFinished(() => removeImagesWith(marker), 60_000);
    const socket = join(root, 'engine.sock');
    await symlink('/var/run/docker.sock', socket);
    const ways = [{}, { DOCKER_HOST: `unix://${socket}` }, { TMPDIR: root }];
    const receipts = await Promise.all(
      ways.map(async (way) => {
        const workspace = await Workspace.create();
        const env = { ...own, ...way };
        await workspace.run(['--profile', name, '--network', 'none', '--', 'true'], { env });
        return await workspace.receipt();
      }),
    );
    const origins = receipts.map(({ image }) => image?.origin).sort();
    expect(origins).toEqual(['built', 'present', 'present']);
  });
});

describeOn('docker', "a project's own profile", () => {
  test('runs in the stand-in that was made for it where there is no base', async () => {
    const workspace = await Workspace.create();
    const name = `test-${randomUUID().slice(0, 13)}`;
    const env = { XDG_STATE_HOME: join(workspace.root, 'state') };
    const base = `sandbox-test-no-base:${randomUUID()}`;
    const folder = join(workspace.path, '.sandbox', 'profiles');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.json`), JSON.stringify({ name, description: 'x', base }));
    await writeFile(join(workspace.path, 'sandbox.config.json'), JSON.stringify({ profile: name }));
    const made = await runCli(['image', 'build', '--minimal', name], { cwd: workspace.path, env });
    expect(made.exitCode).toBe(0);
    onTestFinished(() => untag(`sandbox-${name}:minimal`));
    const { exitCode, stdout, stderr } = await workspace.run(
      ['--id', name, '--pull', 'never', '--', 'echo', 'hi'],
      { env },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'hi\n' });
    expect(stderr).toContain(`the task runs in sandbox-${name}:minimal`);
    const receipt = await readReceipt(join(workspace.receiptsDir, `${name}.json`));
    expect(receipt.image).toMatchObject({ minimal: true, recipe: null });
  });
});
