import { execa } from 'execa';

/** Whether a test that needs this program can run here. */
export async function runs(program: string, args: readonly string[]): Promise<boolean> {
  return !(await execa(program, args, { reject: false })).failed;
}

/** An engine alone does not bring it. */
export const hasDockerCli = await runs('docker', ['context', 'ls']);
