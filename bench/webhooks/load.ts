/**
 * Begins something so many times a second, however long each takes (an open loop). Answers how long each took in ms,
 * from the moment when it was due: what a late one delays counts too.
 */
export async function openLoop(
  { perSecond, seconds }: { perSecond: number; seconds: number },
  work: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const began = performance.now()
  const count = Math.round(perSecond * seconds)
  const under: Promise<number>[] = []
  const one = async (index: number) => {
    const due = began + (index * 1000) / perSecond
    await work(index)
    return performance.now() - due
  }
  while (under.length < count) {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1000) + 1
    while (under.length < Math.min(due, count)) under.push(one(under.length))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return Promise.all(under)
}

/** Keeps so many of something under way all the time (a closed loop). Answers how many were done per second. */
export async function closedLoop(
  { clients, seconds }: { clients: number; seconds: number },
  work: (client: number) => Promise<unknown>,
): Promise<number> {
  const began = performance.now()
  const until = began + seconds * 1000
  let done = 0
  const client = async (index: number) => {
    for (; performance.now() < until; done++) await work(index)
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  return done / ((performance.now() - began) / 1000)
}
