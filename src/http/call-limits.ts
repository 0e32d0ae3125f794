import { isIPv6 } from 'node:net'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../contract/problem.ts'

/** How often somebody may do something; kept in memory, so that each process counts for itself. */
export interface CallLimits {
  /** @throws Problem `too-many-requests` when the address has failed to authenticate too often */
  refuseGuessing(address: string): Promise<void>
  /** Counts a wrong token, secret or password. */
  countFailure(address: string): Promise<void>
  /** Counts a call. @throws Problem `too-many-requests` */
  takeCall(caller: string): Promise<void>
}

/** Enough for a typing error of everybody in an office; far too few to find a secret. */
const FAILURES = 100
const WINDOW_S = 60

/** @param callsPerMinute of one caller; 0: as many as come */
export function createCallLimits(callsPerMinute: number): CallLimits {
  const failures = new RateLimiterMemory({ points: FAILURES, duration: WINDOW_S })
  const calls =
    callsPerMinute > 0 ? new RateLimiterMemory({ points: callsPerMinute, duration: WINDOW_S }) : null
  return {
    async refuseGuessing(address) {
      const state = await failures.get(networkOf(address))
      if (state && state.consumedPoints >= FAILURES) {
        throw tooMany('Too many calls with a wrong token or secret came from this address.', state)
      }
    },
    async countFailure(address) {
      await failures.consume(networkOf(address)).catch(ignoreRefusal)
    },
    async takeCall(caller) {
      await calls?.consume(caller).catch((refusal) => {
        ignoreRefusal(refusal)
        throw tooMany(`This token makes more than ${callsPerMinute} calls a minute (RATE_LIMIT).`, refusal)
      })
    },
  }
}

function ignoreRefusal(refusal: unknown): void {
  if (!(refusal instanceof RateLimiterRes)) throw refusal
}

function tooMany(what: string, { msBeforeNext }: RateLimiterRes): Problem {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return new Problem('too-many-requests', `${what} Try again in ${seconds} s.`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

/** Who has one address of IPv6 has its whole /64. */
function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  if (mapped || !isIPv6(address)) return mapped ?? address
  const [head = '', tail] = (address.split('%')[0] as string).split('::')
  const first = head.split(':').filter(Boolean)
  const last = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16))
    .join(':')
}
