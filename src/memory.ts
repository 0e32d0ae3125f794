import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the process small: garbage is looked for every megabyte, and what loading and scanning throw away is never given
 * room to pile up. A process begins like this (`bin/label-studio-monitor.mjs`).
 */
function keepSmall(): void {
  setFlagsFromString('--optimize-for-size')
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** V8's own way: garbage gets room in proportion to how fast it comes. What many requests a second cost halves. */
function makeRoom(): void {
  setFlagsFromString('--no-optimize-for-size')
  setFlagsFromString('--semi-space-growth-factor=2')
}

/** From so many events a second on, speed is worth memory, until it has been quiet for so many seconds. */
const BUSY = 20
const QUIET_SECONDS = 10

/** Told of each event, and of each second. */
export interface Pace {
  event(): void
  second(): void
}

/** Gives the process room as soon as there are many events in a second, and takes it back when it has been quiet. */
export function roomByPace(grow = makeRoom, shrink = keepSmall): Pace {
  let events = 0
  let left = 0
  return {
    event() {
      events += 1
      if (events !== BUSY) return
      if (left === 0) grow()
      left = QUIET_SECONDS
    },
    second() {
      const isBusy = events >= BUSY
      events = 0
      if (isBusy || left === 0) return
      left -= 1
      if (left === 0) shrink()
    },
  }
}
