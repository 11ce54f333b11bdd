/** Those that nobody waits for any more. Node's standard streams cannot be destroyed. */
const givenUp = new WeakSet<NodeJS.WriteStream>();

/** process.exit cuts what is still buffered for a pipe. */
export async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    if (givenUp.has(stream) || stream.destroyed || !stream.writable) resolve();
    else stream.write('', () => resolve());
  });
}

/** What is still buffered for it is lost when the process ends. */
export function giveUp(stream: NodeJS.WriteStream): void {
  givenUp.add(stream);
}
