/** A promise that is resolved from outside. */
export class Deferred {
  reach: () => void = () => undefined;
  readonly reached = new Promise<void>((resolve) => {
    this.reach = resolve;
  });
}
