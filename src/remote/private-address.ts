import { BlockList, isIP } from 'node:net';

/** Addresses that are not of the public internet: private, loopback, link-local, shared, multicast and reserved ones (IANA's special registries). */
const PRIVATE: readonly (readonly [net: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** Networks whose addresses hold one of IPv4 in their last bytes: NAT64, and 6to4 in the bytes behind the first two. */
const NAT64 = /^64:ff9b::/i;
const SIX_TO_FOUR = /^2002:/i;

let blocked: BlockList | undefined;

/** Whether an address, in figures, is one that a server of the public internet must not send anybody to. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 6 && (NAT64.test(address) || SIX_TO_FOUR.test(address))) return true;
  blocked ??= makeList();
  return blocked.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function makeList(): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of PRIVATE) list.addSubnet(net, prefix, family);
  return list;
}

/** The address that a host of a URL is in figures; null for a name. */
export function readFigures(host: string): string | null {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? null : bare;
}
