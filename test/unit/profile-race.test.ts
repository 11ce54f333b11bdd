import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SandboxFailure } from '../../src/failure.ts';
import { loadProfile } from '../../src/spec/profile/resolve-profile.ts';
import { Surroundings } from './support/surroundings.ts';

const tries = 2_000;

/** What a task of the project can do all the time: two names change places at once, over and over. */
const exchange = `
  $| = 1; print "ready\\n";
  my ($a, $b) = @ARGV;
  while (getppid() == ${process.pid}) {
    syscall(${process.arch === 'arm64' ? 276 : 316}, -100, $a, -100, $b, 2) == 0 or die "renameat2: $!";
  }
`;

test.runIf(['x64', 'arm64'].includes(process.arch) && process.platform === 'linux').each([
  ['the folder of profiles', '.sandbox/profiles', 'id_rsa'],
  ['the folder of the project', '.sandbox', 'id_rsa'],
  ['a folder beside the profile', '.sandbox/profiles/sub', 'sub/id_rsa'],
])('A task that swaps %s for a link never gets a file of the host', async (_, place, source) => {
  const around = await Surroundings.create();
  await around.writeProfile('project', { base: 'x', files: [{ path: '/leak', source }] });
  const [inside, outside] = [join(around.workspace, place), join(around.root, 'secrets')];
  await mkdir(join(around.projectProfiles, 'sub'));
  for (const folder of ['', 'sub', 'profiles', 'profiles/sub']) {
    await mkdir(join(outside, folder), { recursive: true });
    await writeFile(join(outside, folder, 'id_rsa'), 'secret');
  }
  for (const folder of ['', 'sub']) {
    await writeFile(join(around.projectProfiles, folder, 'id_rsa'), 'harmless');
  }
  const link = join(around.workspace, 'evil');
  await symlink(outside, link);
  const swapping = spawn('perl', ['-e', exchange, inside, link], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void swapping.kill());
  await once(swapping.stdout, 'data');
  const seen = new Set<string>();
  for (let left = tries; left > 0; left -= 1) seen.add(await loaded(around));
  expect([...seen].sort()).toEqual(['harmless', 'refused']);
});

async function loaded({ places }: Surroundings): Promise<string> {
  try {
    const { recipe } = await loadProfile('mine', places);
    return Buffer.from(recipe?.files[0]?.base64 ?? '', 'base64').toString();
  } catch (error) {
    // Where the link stands for the whole project, there is no profile of that name.
    if (error instanceof SandboxFailure || String(error).includes('expected one of')) {
      return 'refused';
    }
    throw error;
  }
}
