/** Filled in by scripts/build.mjs; a test that runs the source has neither. */
declare const SANDBOX_VERSION: string | undefined;
declare const SANDBOX_COMMIT: string | null | undefined;

export const toolName = 'sandbox-run';
export const toolVersion = typeof SANDBOX_VERSION === 'string' ? SANDBOX_VERSION : '0.0.0-source';
export const toolCommit = typeof SANDBOX_COMMIT === 'string' ? SANDBOX_COMMIT : null;
