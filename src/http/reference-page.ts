import type { OpenApi } from '../contract/document.ts'
import { escapeHtml, htmlPage } from './html.ts'

interface Operation {
  operationId: string
  summary?: string
  description?: string
  responses?: Record<string, unknown>
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** The contract as a page to read: every call with what it does; the whole of it is one link away. */
export function referencePage(document: OpenApi): string {
  const calls = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) =>
      describe(method, path, item[method] as Operation),
    ),
  )
  return htmlPage(
    `${document.info.title} API`,
    `<h1>${escapeHtml(document.info.title)} API ${escapeHtml(document.info.version)}</h1>
<p>The whole contract: <a href="openapi.yaml">openapi.yaml</a>, <a href="openapi.json">openapi.json</a>.</p>
${calls.join('\n')}`,
  )
}

function describe(method: string, path: string, operation: Operation): string {
  const answers = Object.keys(operation.responses ?? {}).join(', ')
  return `<section id="${escapeHtml(operation.operationId)}">
<h2><code>${method.toUpperCase()} ${escapeHtml(path)}</code></h2>
<p><strong>${escapeHtml(operation.summary ?? '')}.</strong> ${escapeHtml(operation.description ?? '')}</p>
<p>Answers: ${escapeHtml(answers)}</p>
</section>`
}
