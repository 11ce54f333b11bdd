/** What stands between task and host, weakest first. */
export const isolationLevels = ['none', 'namespace', 'container', 'gvisor', 'vm'] as const;
export type IsolationLevel = (typeof isolationLevels)[number];

export const engineNames = ['docker', 'simulation'] as const;
export type EngineName = (typeof engineNames)[number];
export const engineChoices = ['auto', ...engineNames] as const;

/** The networks that the sandbox makes itself; any other name is an existing network. Narrowest first. */
export const ownNetworks = ['none', 'isolated', 'egress'] as const;

/** What the task may do with the workspace, narrowest first; `copy` is a copy that it may write to. */
export const workspaceModes = ['ro', 'copy', 'rw'] as const;

/** When the changes of a task in a copied workspace are brought back. */
export const applyPolicies = ['never', 'on-success', 'always'] as const;

export const pullPolicies = ['missing', 'always', 'never'] as const;

/** What a batch file may be written in. */
export const batchFormats = ['jsonl', 'json', 'yaml', 'csv'] as const;
export type BatchFormat = (typeof batchFormats)[number];

/** What a batch does about failures: go on, start no more, or end those that run as well. */
export const haltModes = ['never', 'soon', 'now'] as const;

/** Whose completion there is. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** Where the task sees the workspace in a container. */
export const workspaceTarget = '/workspace';
