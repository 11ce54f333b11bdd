import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/** Every address of this host, also those of interfaces that are down at the moment. */
export async function hostAddresses(): Promise<string[]> {
  const told = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map(({ address }) => address),
  );
  const found = [...told, ...(await kernelIpv4()), ...(await kernelIpv6())];
  return [...new Set(found)].filter((address) => address !== '0.0.0.0');
}

async function kernelIpv4(): Promise<string[]> {
  const text = await readFile('/proc/net/fib_trie', 'utf8').catch(() => '');
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const address = /\|-- ([0-9.]+)/.exec(lines[index - 1] ?? '')?.[1];
    return address && line.includes('/32 host LOCAL') ? [address] : [];
  });
}

async function kernelIpv6(): Promise<string[]> {
  const text = await readFile('/proc/net/if_inet6', 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.slice(0, 32).match(/.{4}/g) ?? []).join(':'));
}
