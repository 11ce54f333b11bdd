export const dockerProduct = 'Docker Engine';

export const podmanProduct = 'Podman Engine';

/** Docker calls its own just "Engine". */
export function productOf(component: string | undefined): string | null {
  return component === 'Engine' ? dockerProduct : (component ?? null);
}
