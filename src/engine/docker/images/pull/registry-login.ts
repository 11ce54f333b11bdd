import { join } from 'node:path';
import { messageOf } from '../../../../failure.ts';
import { secretForms } from '../../../../outcome/secret-forms.ts';
import { homeDirectory, variable } from '../../../../spec/variables.ts';
import { type RegistryConfig, readRegistryConfig, savedLogin } from './registry-config.ts';
import { loginFromHelper } from './registry-helper.ts';

/** What the engine is to tell a registry, in the words of its API. */
export interface RegistryAuth {
  readonly serveraddress: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export interface RegistryLogin {
  /** Null: asked without a login. */
  readonly auth: RegistryAuth | null;
  /** Why there is none although one was configured. */
  readonly problem: string | null;
}

/**
 * The login for a registry from the Docker config, as `docker pull` finds it: of a credential helper, else from
 * the file. Like there, one that cannot be read is no reason not to ask, since many images are public; unlike
 * there, the caller is told.
 */
export async function registryLogin(
  registry: string,
  env: NodeJS.ProcessEnv,
  cancel: AbortSignal,
): Promise<RegistryLogin> {
  const folder = variable(env, 'DOCKER_CONFIG') ?? join(homeDirectory(env), '.docker');
  let config: RegistryConfig;
  try {
    config = await readRegistryConfig(join(folder, 'config.json'));
  } catch (error) {
    return { auth: null, problem: `the Docker config cannot be used: ${messageOf(error)}` };
  }
  const helper = config.credHelpers[registry] ?? config.credsStore;
  const saved = savedLogin(config, registry);
  if (helper === null) return { auth: saved, problem: null };
  try {
    return {
      auth: (await loginFromHelper(helper, registry, { env, cancel })) ?? saved,
      problem: null,
    };
  } catch (error) {
    cancel.throwIfAborted();
    return { auth: saved, problem: saved === null ? messageOf(error) : null };
  }
}

/** As the engine's API wants to have it. */
export function authHeader(auth: RegistryAuth | null): Record<string, string> {
  if (auth === null) return {};
  // With padding, which base64url of Node leaves out and older engines insist on.
  const base64 = Buffer.from(JSON.stringify(auth)).toString('base64');
  return { 'X-Registry-Auth': base64.replaceAll('+', '-').replaceAll('/', '_') };
}

/** Shorter ones cannot be told from other text. */
const leastSecretLength = 3;

/**
 * A registry may say anything, and what it was told with it, in whatever form; a link for a download is as good as a
 * login.
 */
export function withoutSecrets(text: string, auth: RegistryAuth | null): string {
  const { username = '', password = '', identitytoken = '', registrytoken = '' } = auth ?? {};
  const basic = password === '' ? '' : `${username}:${password}`;
  return [basic, password, identitytoken, registrytoken]
    .filter((secret) => secret.length >= leastSecretLength)
    .flatMap((secret) => secretForms(Buffer.from(secret)))
    .map(({ bytes }) => bytes.toString())
    .filter((form) => form.length >= leastSecretLength)
    .sort((a, b) => b.length - a.length)
    .reduce((said, form) => said.replaceAll(form, '***'), text)
    .replace(/(https?:\/\/[^\s"'?]+)\?[^\s"']*/g, '$1');
}
