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

/** Told each second how many events came, gives the process room while there are many, and takes it back afterwards. */
export function roomByPace(grow = makeRoom, shrink = keepSmall): (events: number) => void {
  let left = 0
  return (events) => {
    if (events >= BUSY) {
      if (left === 0) grow()
      left = QUIET_SECONDS
    } else if (left > 0) {
      left -= 1
      if (left === 0) shrink()
    }
  }
}
