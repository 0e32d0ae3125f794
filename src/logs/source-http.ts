import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createGuardedFetch } from '../guarded-fetch.ts'
import { decompress } from './decompress.ts'
import { createHttpGet, type HttpAnswer, type HttpCall, shown, statusError, webUrl } from './http-get.ts'
import { compileKeyPattern } from './key-pattern.ts'
import type { HttpSourceDefinition, LogObject, LogSource, SourceSettings, Window } from './source.ts'
import { SourceError } from './source-error.ts'
import { expandUrlPattern, type NamedUrl, readManifest } from './url-list.ts'

/** Tries in a row that bring no byte before an object is given up. */
const MAX_RESUMES = 5
const RESUME_DELAY_MS = 100
const MAX_MANIFEST_BYTES = 32 << 20
const PROBES_AT_A_TIME = 8

/** What tells one version of a resource from another, if it has a way that can be relied on. */
function validatorOf({ headers }: HttpAnswer): string | null {
  const { etag } = headers
  return etag && !etag.startsWith('W/') ? etag : (headers['last-modified'] ?? null)
}

const lengthOf = ({ headers }: HttpAnswer): number | null =>
  headers['content-length'] === undefined ? null : Number(headers['content-length'])

/** Files of web servers: URLs that are given, that follow from dates, or that a manifest lists. The key is the URL up to its path. */
export function openHttpSource(
  definition: HttpSourceDefinition,
  settings: Partial<SourceSettings>,
): LogSource {
  const { urls, url_pattern, manifest, headers } = definition
  const ways = [urls, url_pattern, manifest].filter((way) => way !== null && way !== undefined)
  const [first] = urls ?? [url_pattern ?? manifest]
  if (ways.length !== 1 || first === undefined || first === null)
    throw new SourceError('refused', 'source: expected one of urls, url_pattern and manifest')
  webUrl(first.replace(/\{[^{}]*\}/g, '10'), 'source')
  const dates = compileKeyPattern(definition.key_pattern ?? '*')
  const fetch = createHttpGet(
    createGuardedFetch({ allowPrivate: settings.allowPrivateUrls ?? false }),
    headers ?? {},
  )
  const listed = new Map<string, string>()

  async function text(url: string, signal?: AbortSignal): Promise<string> {
    const answer = await fetch(url, { signal })
    const refused = statusError(answer.status, shown(url))
    if (refused) {
      answer.body.destroy()
      throw refused
    }
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of decompress(answer.body)) {
      bytes += chunk.length
      if (bytes > MAX_MANIFEST_BYTES)
        throw new SourceError(
          'refused',
          `${shown(url)}: the manifest is longer than ${MAX_MANIFEST_BYTES} bytes`,
        )
      chunks.push(Buffer.from(chunk))
    }
    return Buffer.concat(chunks).toString()
  }

  async function named(signal?: AbortSignal, window?: Window): Promise<NamedUrl[]> {
    if (url_pattern) {
      if (!window) throw new SourceError('refused', 'source.url_pattern needs a window')
      return expandUrlPattern(url_pattern, window)
    }
    const found = manifest ? readManifest(await text(manifest, signal), manifest) : urls
    if (!found)
      throw new SourceError(
        'refused',
        `${shown(manifest as string)}: is no manifest; expected one URL a line, or a JSON list of URLs`,
      )
    const unique = [...new Set(found)]
    return unique.flatMap((url) => {
      const match = dates.match(decodeURI(webUrl(url, 'source').pathname))
      return match ? [{ url, date: match.date, mark: null }] : []
    })
  }

  /** Asks for the size of what is there; null: nothing is. */
  async function probe(
    url: string,
    signal?: AbortSignal,
  ): Promise<{ size: number | null; etag: string | null } | null> {
    let answer = await fetch(url, { method: 'HEAD', signal })
    answer.body.resume()
    if (statusError(answer.status, '') && answer.status !== 404 && answer.status !== 410) {
      // some answer only to GET, such as signed URLs
      answer = await fetch(url, { headers: { range: 'bytes=0-0' }, signal })
      answer.body.destroy()
      const total = /\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1]
      if (answer.status === 206) return { size: total ? Number(total) : null, etag: validatorOf(answer) }
    }
    const status = answer.status
    if (status === 404 || status === 410) return null
    const refused = statusError(status, shown(url))
    if (refused) throw refused
    return { size: lengthOf(answer), etag: validatorOf(answer) }
  }

  async function* list(signal?: AbortSignal, window?: Window): AsyncGenerator<LogObject> {
    const waiting = (await named(signal, window)).filter(
      ({ date }) => date === null || !window || (date >= window.from && date <= window.to),
    )
    for (let at = 0; at < waiting.length; at += PROBES_AT_A_TIME) {
      const batch = waiting.slice(at, at + PROBES_AT_A_TIME)
      const found = await Promise.all(batch.map(({ url }) => probe(url, signal)))
      for (const [i, { url, date, mark }] of batch.entries()) {
        const there = found[i]
        if (!there && url_pattern) continue
        let key = shown(url) + (mark ? `#${mark}` : '')
        for (let n = 2; listed.has(key) && listed.get(key) !== url; n++) key = `${shown(url)}#${n}`
        listed.set(key, url)
        yield { key, date, size: there?.size ?? null, etag: there?.etag ?? null }
      }
    }
  }

  /** The URL of an object that may have been listed by another process. */
  async function urlOf({ key, date }: LogObject, signal?: AbortSignal): Promise<string> {
    // without a query, the key is the URL
    if (url_pattern && !url_pattern.includes('?')) return key
    if (!listed.has(key)) for await (const _ of list(signal, date ? { from: date, to: date } : undefined));
    const url = listed.get(key)
    if (!url) throw new SourceError('unavailable', `${key}: is not listed any more`)
    return url
  }

  async function get(url: string, call: HttpCall): Promise<HttpAnswer> {
    const answer = await fetch(url, call)
    const refused = statusError(answer.status, shown(url))
    if (!refused) return answer
    answer.body.destroy()
    throw refused
  }

  async function* body(url: string, first: HttpAnswer, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const what = shown(url)
    const validator = validatorOf(first)
    const length = lengthOf(first)
    let answer = first
    let read = 0
    let skip = 0
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const chunk of answer.body as AsyncIterable<Buffer>) {
          const fresh = chunk.subarray(Math.min(skip, chunk.length))
          skip -= chunk.length - fresh.length
          if (fresh.length === 0) continue
          read += fresh.length
          resumes = 0
          yield fresh
        }
        if (length === null ? answer.body.complete : read === length) return
      } catch {
        signal?.throwIfAborted()
      }
      if (resumes === MAX_RESUMES) throw new SourceError('unavailable', `${what}: the connection breaks off`)
      await delay(RESUME_DELAY_MS * 2 ** resumes)
      if (!validator)
        throw new SourceError(
          'unavailable',
          `${what}: broke off, and can't be gone on with, because the server names no ETag or Last-Modified`,
        )
      answer = await get(url, { signal, headers: { range: `bytes=${read}-`, 'if-range': validator } })
      const same = validatorOf(answer) === validator
      const goesOn = answer.status === 206 && answer.headers['content-range']?.startsWith(`bytes ${read}-`)
      // a server without ranges begins again
      skip = goesOn ? 0 : read
      if (same && (goesOn || answer.status === 200)) continue
      answer.body.destroy()
      throw new SourceError('unavailable', `${what}: was replaced while it was read`)
    }
  }

  return {
    id: `http:${manifest ?? url_pattern ?? webUrl(first, 'source').origin}`,
    list,
    async open(object, signal) {
      const url = await urlOf(object, signal)
      const answer = await get(url, { signal })
      return Readable.from(body(url, answer, signal), { objectMode: false })
    },
    async range(object, start, end, signal) {
      if (end <= start) return Buffer.alloc(0)
      const url = await urlOf(object, signal)
      const answer = await get(url, { signal, headers: { range: `bytes=${start}-${end - 1}` } })
      if (answer.status !== 206) {
        answer.body.destroy()
        throw new SourceError('refused', `${shown(url)}: the server has no ranges, which the format needs`)
      }
      const chunks: Buffer[] = []
      try {
        for await (const chunk of answer.body) chunks.push(chunk as Buffer)
      } catch {
        signal?.throwIfAborted()
        throw new SourceError('unavailable', `${shown(url)}: the connection breaks off`)
      }
      return Buffer.concat(chunks)
    },
  }
}
