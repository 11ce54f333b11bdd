/** What happens during a run, for whoever shows it. */
export type RunEvent =
  { readonly kind: 'warning'; readonly message: string } | { readonly kind: 'started' };
