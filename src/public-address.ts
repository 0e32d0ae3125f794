import { lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** A URL leads to this machine, its network, or a cloud's metadata; the message names it as it was written. */
export class PrivateAddressError extends Error {
  override name = 'PrivateAddressError'

  constructor(host: string) {
    super(`${host} is a private address, or a name of one; ALLOW_PRIVATE_URLS=true allows such URLs.`)
  }
}

/** What the registries of special-purpose addresses (RFC 6890 and its successors) hold that is not reached globally. */
const RESERVED_V4: [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
/** Of the global unicast addresses: protocol assignments with Teredo, documentation, and 6to4. */
const RESERVED_V6: [network: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]
/** IPv4 addresses inside of IPv6: mapped ones, and those behind NAT64. */
const EMBEDDING = ['::ffff:', '64:ff9b::']

const reserved = new BlockList()
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')
for (const [network, prefix] of RESERVED_V6) reserved.addSubnet(network, prefix, 'ipv6')
for (const [network, prefix] of RESERVED_V4) reserved.addSubnet(network, prefix)
for (const start of EMBEDDING) {
  unicast.addSubnet(`${start}0.0.0.0`, 96, 'ipv6')
  for (const [network, prefix] of RESERVED_V4) reserved.addSubnet(start + network, 96 + prefix, 'ipv6')
}

/** Whether everybody on the Internet means the same machine by this IP address. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !reserved.check(address)
  return isIP(address) === 6 && unicast.check(address, 'ipv6') && !reserved.check(address, 'ipv6')
}

/** Refuses a URL that names a private address itself, which is connected to without a lookup. */
export function refusePrivateHost({ hostname }: URL, isPublic = isPublicAddress): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) && !isPublic(host)) throw new PrivateAddressError(host)
}

/**
 * A lookup for `node:net` that fails for names with a private address. The connection goes to what was checked, so
 * that a name server can't answer the check with one address and the connection with another.
 */
export function publicLookup(
  lookup: LookupFunction = systemLookup as LookupFunction,
  isPublic = isPublicAddress,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const addresses = Array.isArray(found) ? found : []
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isPublic(address))) {
        return callback(new PrivateAddressError(hostname), [])
      }
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
