import type { LookupFunction } from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  isPublicAddress,
  PrivateAddressError,
  publicLookup,
  refusePrivateHost,
} from '../src/public-address.ts'

describe('public is', () => {
  test.each(['93.184.215.14', '1.1.1.1', '172.15.255.255', '172.32.0.0', '100.128.0.0', '223.255.255.255'])(
    '%s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )
  test.each(['2606:4700::1111', '2a00:1450:4001::1', '::ffff:1.1.1.1', '::ffff:101:101', '64:ff9b::1.1.1.1'])(
    '%s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )
})

describe('not public is', () => {
  test.each([
    ['this machine', '127.0.0.1'],
    ['this machine, all of its network', '127.255.255.254'],
    ['any address', '0.0.0.0'],
    ['a private network', '10.1.2.3'],
    ['the middle of a private network', '172.20.0.1'],
    ['the end of a private network', '172.31.255.255'],
    ['a home network', '192.168.1.1'],
    ['the metadata of a cloud', '169.254.169.254'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['the metadata of another cloud', '100.100.100.200'],
    ['a test network', '198.18.0.1'],
    ['documentation', '203.0.113.9'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['this machine in IPv6', '::1'],
    ['any address in IPv6', '::'],
    ['a unique local address', 'fd00::1'],
    ['the metadata of a cloud in IPv6', 'fd00:ec2::254'],
    ['a link-local address', 'fe80::1'],
    ['a link-local address with its zone', 'fe80::1%eth0'],
    ['a site-local address', 'fec0::1'],
    ['multicast in IPv6', 'ff02::1'],
    ['documentation in IPv6', '2001:db8::1'],
    ['Teredo', '2001::1'],
    ['6to4 of a private address', '2002:a00:1::1'],
    ['a mapped private address', '::ffff:10.0.0.1'],
    ['a mapped private address in hexadecimal', '::ffff:7f00:1'],
    ['a private address behind NAT64', '64:ff9b::10.0.0.1'],
    ['the metadata of a cloud behind NAT64', '64:ff9b::a9fe:a9fe'],
    ['an IPv4-compatible address', '::10.0.0.1'],
    ['no address', 'localhost'],
  ])('%s', (_, address) => expect(isPublicAddress(address)).toBe(false))
})

describe('a URL with an address for its host', () => {
  test.each([
    ['loopback', 'http://127.0.0.1/hook'],
    ['loopback in short', 'http://127.1/hook'],
    ['loopback as a number', 'http://2130706433/hook'],
    ['loopback in hexadecimal', 'http://0x7f.0.0.1/hook'],
    ['loopback in octal', 'http://0177.0.0.1/hook'],
    ['IPv6 in brackets', 'http://[::1]:8080/hook'],
    ['mapped IPv4', 'http://[::ffff:169.254.169.254]/latest/meta-data'],
  ])('%s is refused', (_, url) => {
    expect(() => refusePrivateHost(new URL(url))).toThrow(PrivateAddressError)
  })

  test.each(['http://1.1.1.1/hook', 'https://[2606:4700::1111]/hook', 'https://example.org/hook'])(
    '%s is not',
    (url) => expect(() => refusePrivateHost(new URL(url))).not.toThrow(),
  )
})

describe('a name', () => {
  const answering = (...addresses: string[]): LookupFunction =>
    ((_host, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as LookupFunction
  const look = (lookup: LookupFunction, all = true) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    lookup('hooks.example.org', { all }, (error, found, family) =>
      error ? reject(error) : resolve(all ? found : [found, family]),
    )
    return promise
  }

  test('of public addresses leads to them', async () => {
    const found = await look(publicLookup(answering('1.1.1.1', '2606:4700::1111')))
    expect(found).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ])
  })

  test('leads to the first of them where one is asked for', async () => {
    expect(await look(publicLookup(answering('1.1.1.1', '2606:4700::1111')), false)).toEqual(['1.1.1.1', 4])
  })

  test.each([
    ['of a private address', ['10.0.0.1']],
    ['of a private address among public ones', ['1.1.1.1', '10.0.0.1']],
    ['of no address', []],
  ])('%s leads nowhere', async (_, addresses) => {
    await expect(look(publicLookup(answering(...addresses)))).rejects.toThrow(PrivateAddressError)
  })

  test('that nobody knows fails as it is', async () => {
    const failing = ((_host, _options, callback) =>
      callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), [])) as LookupFunction
    await expect(look(publicLookup(failing))).rejects.toThrow('unknown')
  })
})
