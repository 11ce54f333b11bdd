import type { OutsideTargets } from './place.ts';
import type { Probe } from './probe.ts';
import { fileProbes } from './probes/files.ts';
import { hostProbes } from './probes/host.ts';
import { kernelProbes } from './probes/kernel.ts';
import { leftoverProbes } from './probes/leftovers.ts';
import { limitProbes } from './probes/limits.ts';
import { networkProbes } from './probes/network.ts';
import { privilegeProbes } from './probes/privileges.ts';

/** Every hostile probe. To add one, add an entry to one of these lists. */
export const battery: readonly Probe[] = [
  ...limitProbes,
  ...fileProbes,
  ...hostProbes,
  ...leftoverProbes,
  ...kernelProbes,
  ...privilegeProbes,
  ...networkProbes,
];

/** By number, so that no name server is needed. */
export const outsideTargets: OutsideTargets = {
  internet: ['1.1.1.1:443', '8.8.8.8:53', '9.9.9.9:443', '[2606:4700:4700::1111]:443'],
  nameServers: ['1.1.1.1', '8.8.8.8', '9.9.9.9'],
  metadata: [
    '169.254.169.254:80',
    '[fd00:ec2::254]:80',
    '169.254.170.2:80',
    '100.100.100.200:80',
    '168.63.129.16:80',
  ],
};
