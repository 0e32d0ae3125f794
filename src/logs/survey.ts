import { compressionOf } from './decompress.ts'
import { objectsOf } from './read.ts'
import type { ScanOptions } from './scan.ts'
import { cutShards, isPart, type Shard } from './shard.ts'
import type { LogObject } from './source.ts'

/** Enough to know any compression by. */
const HEAD_BYTES = 512
const AT_A_TIME = 8

/**
 * What there is to read, shared out to shards. Objects that are larger than a shard are cut, if their format allows it and their first
 * bytes are not those of a compression.
 * @param shardBytes how large shards are, of logs of so many bytes as stored, and towards the end, where so many are left
 * @throws SourceError if the logs can't be listed, or the signal's reason
 */
export async function survey(
  options: ScanOptions,
  shardBytes: (total: number, left: number) => number,
): Promise<Shard[]> {
  const objects = await Array.fromAsync(objectsOf(options))
  const total = objects.reduce((sum, { size }) => sum + (size ?? 0), 0)
  const bytes = (left: number) => shardBytes(total, left)
  const large =
    options.format.canCut && options.source.opensFrom
      ? cutShards(objects, { bytes, canCut: () => true })
          .filter(isPart)
          .flatMap((shard) => shard.map(({ object }) => object))
      : []
  const plain = new Set<LogObject>()
  const waiting = new Set(large).values()
  async function look(): Promise<void> {
    for (const object of waiting) if (compressionOf(await headOf(object, options)) === null) plain.add(object)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, look))
  return cutShards(objects, { bytes, canCut: (object) => plain.has(object) })
}

async function headOf(object: LogObject, { source, signal }: ScanOptions): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  for await (const chunk of await source.open(object, signal, { to: HEAD_BYTES })) {
    head = Buffer.concat([head, chunk])
    if (head.length >= HEAD_BYTES) break
  }
  return head
}
