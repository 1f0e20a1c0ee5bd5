import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { within } from '../time/within.ts';

const LOOKUP_MS = 10_000;

/** A host that a function on Google Cloud must not be made to call; the answer would tell about our own network. */
export class ForbiddenHost extends Error {
  constructor(host: string) {
    super(`${host} is no public address; give the host name of a server on the internet.`);
    this.name = 'ForbiddenHost';
  }
}

/** Everything that is not a public unicast address (IANA's special-purpose registries). */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ...[
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
  ],
  ...[
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
  ],
  ...[
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ],
] as [string, number][])
  PRIVATE.addSubnet(net, bits, 'ipv4');
const PUBLIC_6 = new BlockList();
PUBLIC_6.addSubnet('2000::', 3, 'ipv6');
const SPECIAL_6 = new BlockList();
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as [string, number][])
  SPECIAL_6.addSubnet(net, bits, 'ipv6');

/** Returns true if an address is on the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !PRIVATE.check(address, 'ipv4');
  return PUBLIC_6.check(address, 'ipv6') && !SPECIAL_6.check(address, 'ipv6');
}

/** This machine's own address. */
export const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

/**
 * The address to connect to. It is resolved here and used as it is, so that a name cannot mean one address when it is
 * checked and another when it is called. `local`: this machine's own address is allowed too. Throws ForbiddenHost.
 */
export async function publicAddress(host: string, local: boolean): Promise<string> {
  const found = isIP(host)
    ? [{ address: host }]
    : await within(LOOKUP_MS, 'DNS', lookup(host, { all: true }));
  const allowed = ({ address }: { address: string }) =>
    isPublicAddress(address) || (local && isLoopback(address));
  if (!found.every(allowed)) throw new ForbiddenHost(host);
  const [first] = found;
  if (!first) throw new Error(`${host} has no address`);
  return first.address;
}
