import { createHash } from 'node:crypto'

/** Where the page's files are, from `/` on; relative, so that the service may live below a path. */
const ASSETS = './assets'

/** How the page's modules name libraries, and where a browser finds those. */
const IMPORT_MAP = JSON.stringify({
  imports: {
    'lit-html': `${ASSETS}/lib/lit-html.js`,
    'openapi-fetch': `${ASSETS}/lib/openapi-fetch.js`,
    uplot: `${ASSETS}/lib/uplot.js`,
    'diff/lib/diff/word.js': `${ASSETS}/lib/diff/diff/word.js`,
  },
})

/** For the content security policy: the only script that stands in the page itself. */
export const IMPORT_MAP_HASH = `'sha256-${createHash('sha256').update(IMPORT_MAP).digest('base64')}'`

/** What the first view needs, told at once: a browser would find each file only after the one that imports it. */
const FIRST = [
  ...['main', 'api', 'live', 'router', 'role', 'shell', 'format', 'views/monitors'],
  ...['charts/chart', 'charts/trend', 'charts/sparkline', 'charts/share-chart'],
  ...['parts/notices', 'parts/progress', 'parts/verdict', 'lib/lit-html', 'lib/openapi-fetch', 'lib/uplot'],
]
const PRELOADS = FIRST.map((file) => `<link rel="modulepreload" href="${ASSETS}/${file}.js">`).join('\n')

/** The page at `/`: everything in it is drawn by `browser/main.js`, from the public API. */
export const dashboardPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Label Studio Monitor</title>
<link rel="icon" href="${ASSETS}/icon.svg">
<link rel="stylesheet" href="${ASSETS}/lib/uplot.css">
<link rel="stylesheet" href="${ASSETS}/base.css">
<link rel="stylesheet" href="${ASSETS}/dashboard.css">
<script type="importmap">${IMPORT_MAP}</script>
${PRELOADS}
<script type="module" src="${ASSETS}/main.js"></script>
</head>
<body>
<noscript><p class="notice">This page draws what the API tells, and needs JavaScript for it. The same numbers are at <a href="evaluations">/evaluations</a>.</p></noscript>
<div id="page"></div>
</body>
</html>
`
