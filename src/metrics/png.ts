import { inflateSync } from 'node:zlib'

const SIGNATURE = '89504e470d0a1a0a'
/** Samples a pixel by colour type: grey, colour, palette, grey with alpha, colour with alpha. */
const SAMPLES: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

interface Header {
  width: number
  height: number
  depth: number
  colour: number
  interlaced: boolean
}

/**
 * The painted pixels of a PNG image as stretches [from, to), row after row: those with alpha above 0, or with
 * any value above 0 where the image has no alpha. Null when it is no PNG image, is interlaced (neither canvas nor the usual
 * libraries write that) or has more than `limit` bytes unpacked. Follows the PNG specification (ISO/IEC 15948).
 */
export function decodePng(file: Buffer, limit: number): number[] | null {
  try {
    const { header, alphas, data } = readChunks(file)
    const perPixel = (SAMPLES[header.colour] as number) * header.depth
    const rowBytes = Math.ceil((header.width * perPixel) / 8)
    const unpacked = header.height * (rowBytes + 1)
    if (header.interlaced || !(unpacked <= limit)) return null
    const rows = inflateSync(data, { maxOutputLength: Math.max(unpacked, 1) })
    return rows.length < unpacked
      ? null
      : paintedRuns(rows, header, rowBytes, Math.max(1, perPixel >> 3), alphas)
  } catch {
    return null
  }
}

function readChunks(file: Buffer) {
  if (file.toString('hex', 0, 8) !== SIGNATURE) throw new Error('no PNG signature')
  const header: Header = {
    width: file.readUInt32BE(16),
    height: file.readUInt32BE(20),
    depth: file.readUInt8(24),
    colour: file.readUInt8(25),
    interlaced: file.readUInt8(28) !== 0,
  }
  const parts: Buffer[] = []
  let alphas: Buffer | null = null
  for (let at = 8; at + 8 <= file.length; ) {
    const length = file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    const content = file.subarray(at + 8, at + 8 + length)
    if (type === 'IDAT') parts.push(content)
    if (type === 'tRNS' && header.colour === 3) alphas = content
    at += length + 12
  }
  return { header, alphas, data: Buffer.concat(parts) }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}

/** What each filter takes for a byte, from those to the left, above, and above to the left. */
const FILTERS: ((left: number, up: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
]

/** Undoes a row's filter in place; `step` is the distance of a byte to the one of the pixel before. */
function unfilter(filter: number, row: Buffer, above: Buffer | null, step: number): void {
  const guess = FILTERS[filter]
  if (filter === 0 || !guess) return
  for (let index = 0; index < row.length; index++) {
    const left = index >= step ? (row[index - step] as number) : 0
    const up = above === null ? 0 : (above[index] as number)
    const corner = above === null || index < step ? 0 : (above[index - step] as number)
    row[index] = (row[index] as number) + guess(left, up, corner)
  }
}

function paintedRuns(
  rows: Buffer,
  header: Header,
  rowBytes: number,
  step: number,
  alphas: Buffer | null,
): number[] {
  const { width, height, depth, colour } = header
  const samples = SAMPLES[colour] as number
  const bytes = depth >> 3
  const perByte = 8 / depth
  const sample = (row: Buffer, index: number): number => {
    if (bytes > 0)
      return (row[index * bytes] as number) | (bytes > 1 ? (row[index * bytes + 1] as number) : 0)
    const shift = 8 - depth * ((index % perByte) + 1)
    return ((row[Math.floor(index / perByte)] as number) >> shift) & (2 ** depth - 1)
  }
  const painted = (row: Buffer, x: number): boolean => {
    if (colour === 3 && alphas) return (alphas[sample(row, x)] ?? 255) > 0
    if (colour === 2) return [0, 1, 2].some((channel) => sample(row, x * 3 + channel) > 0)
    return sample(row, x * samples + samples - 1) > 0
  }
  const runs: number[] = []
  let above: Buffer | null = null
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1)
    const row = rows.subarray(start + 1, start + 1 + rowBytes)
    unfilter(rows[start] as number, row, above, step)
    above = row
    for (let x = 0; x < width; x++) {
      if (!painted(row, x)) continue
      const index = y * width + x
      if (runs.at(-1) === index) runs[runs.length - 1] = index + 1
      else runs.push(index, index + 1)
    }
  }
  return runs
}
