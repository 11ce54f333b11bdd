import type { Plugin } from 'vite';

export const viteInlined: Plugin;
