import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type RequestHandler, Router } from 'express'

const OWN = join(import.meta.dirname, 'browser')

/** The files of libraries that the page needs, and nothing else of them: by their path below `/assets/lib/`. */
const LIBRARIES: Record<string, string> = {
  'lit-html.js': packageFile('lit-html', 'lit-html.js'),
  'openapi-fetch.js': packageFile('openapi-fetch', 'dist/index.mjs'),
  'uplot.js': packageFile('uplot', 'dist/uPlot.iife.min.js'),
  'uplot.css': packageFile('uplot', 'dist/uPlot.min.css'),
  'diff/diff/word.js': packageFile('diff', 'libesm/diff/word.js'),
  'diff/diff/base.js': packageFile('diff', 'libesm/diff/base.js'),
  'diff/util/string.js': packageFile('diff', 'libesm/util/string.js'),
}

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Its only small form is a script that sets a variable: here it becomes a module, a third as large as its own. */
const SCRIPT = 'uPlot.iife.min.js'
const EXPORT = '\nexport default uPlot\n'

interface Asset {
  type: string
  etag: string
  plain: Buffer
  gzip: Buffer
}

/**
 * The static files of the page, read once and kept compressed; open to everybody. They are asked for again at each
 * visit and answered with 304 while they are the same, so that a new version of the service is seen at once.
 */
export function assets(): RequestHandler {
  const own = readdirSync(OWN, { recursive: true, encoding: 'utf8' }).filter((path) => extname(path) in TYPES)
  const files = new Map([
    ...own.map((path): [string, string] => [`/${path}`, join(OWN, path)]),
    ...Object.entries(LIBRARIES).map(([path, file]): [string, string] => [`/lib/${path}`, file]),
  ])
  const loaded = new Map<string, Asset>()
  const router = Router()
  router.get('/{*path}', (request, response, next) => {
    const file = files.get(request.path)
    if (!file) return next()
    const asset = loaded.get(file) ?? load(file)
    loaded.set(file, asset)
    response.set({
      'Cache-Control': 'no-cache',
      ETag: asset.etag,
      Vary: 'Accept-Encoding',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
    })
    response.type(asset.type)
    if (request.acceptsEncodings('gzip')) response.set('Content-Encoding', 'gzip').send(asset.gzip)
    else response.send(asset.plain)
  })
  return router
}

function load(file: string): Asset {
  const plain = Buffer.concat([readFileSync(file), Buffer.from(file.endsWith(SCRIPT) ? EXPORT : '')])
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 20)}"`
  return {
    type: TYPES[extname(file)] ?? TYPES['.js'] ?? '',
    etag,
    plain,
    gzip: gzipSync(plain, { level: 9 }),
  }
}

/** A file that its package does not export is found from one that it does. */
function packageFile(name: string, path: string): string {
  const require = createRequire(import.meta.url)
  for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder)) {
    if (folder.endsWith(join('node_modules', name))) return join(folder, path)
    if (folder === dirname(folder))
      throw new Error(`the package ${name} is not installed: npm ci installs it`)
  }
}
