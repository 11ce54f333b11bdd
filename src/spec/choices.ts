/** What stands between task and host, weakest first. */
export const isolationLevels = ['none', 'namespace', 'container', 'gvisor', 'vm'] as const;
export type IsolationLevel = (typeof isolationLevels)[number];

export const engineNames = ['docker', 'simulation'] as const;
export type EngineName = (typeof engineNames)[number];
export const engineChoices = ['auto', ...engineNames] as const;

/** The networks that the sandbox makes itself; any other name is an existing network. Narrowest first. */
export const ownNetworks = ['none', 'isolated', 'egress'] as const;

export const pullPolicies = ['missing', 'always', 'never'] as const;
