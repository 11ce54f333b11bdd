import base from '../../../images/base/profile.json' with { type: 'json' };
import builder from '../../../images/builder/profile.json' with { type: 'json' };
import deployer from '../../../images/deployer/profile.json' with { type: 'json' };
import dockerHost from '../../../images/docker-host/profile.json' with { type: 'json' };
import researcher from '../../../images/researcher/profile.json' with { type: 'json' };
import tester from '../../../images/tester/profile.json' with { type: 'json' };

/** As they are written; a test holds each to the schema. */
export const builtInProfiles: readonly { readonly name: string }[] = [
  base,
  builder,
  tester,
  deployer,
  researcher,
  dockerHost,
];

/** The one whose tasks get privileges that break isolation. */
export const nestedDockerProfile = dockerHost.name;
