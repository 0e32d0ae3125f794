import { STATUS_CODES } from 'node:http'
import type { OpenApi } from '../contract/document.ts'
import { escapeHtml, htmlPage } from './html.ts'
import {
  curlExample,
  firstExample,
  type Parameter,
  parametersOf,
  type ReferenceOperation,
  resolved,
} from './reference-example.ts'

interface Answer {
  description?: string
  content?: Record<string, { examples?: Record<string, unknown> }>
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/**
 * The contract as a page to read: every call with what it does, a command that makes it, and what comes back.
 *
 * @param origin where the reader has reached the service; the commands name it
 */
export function referencePage(document: OpenApi, origin: string): string {
  const { info, tags = [] } = document as OpenApi & { tags?: { name: string; description?: string }[] }
  const calls = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      ...{ path, method, origin },
      operation: item[method] as ReferenceOperation,
    })),
  )
  const groups = tags.map((tag) => ({
    ...tag,
    calls: calls.filter(({ operation }) => operation.tags?.includes(tag.name)),
  }))
  return htmlPage(
    `${info.title}: the API`,
    `<h1>The API of ${escapeHtml(info.title)}</h1>
<p class="quiet">Version ${escapeHtml(info.version)}. The whole contract, with the schema of every body: <a href="openapi.yaml">openapi.yaml</a>, <a href="openapi.json">openapi.json</a>. <a href="./">The dashboard</a>.</p>
${prose((info as { description?: string }).description ?? '')}
<nav aria-label="Calls" class="calls">${groups.map(contents).join('')}</nav>
${groups.map((group) => section(document, group)).join('\n')}`,
  )
}

interface Call {
  path: string
  method: string
  origin: string
  operation: ReferenceOperation
}

function contents({ name, calls }: { name: string; calls: Call[] }): string {
  const links = calls.map(
    ({ operation, method, path }) =>
      `<li><a href="#${escapeHtml(operation.operationId)}"><code>${method.toUpperCase()} ${escapeHtml(path)}</code></a> ${prose(operation.summary ?? '', false)}</li>`,
  )
  return `<h2>${escapeHtml(name)}</h2><ul>${links.join('')}</ul>`
}

function section(document: OpenApi, group: { name: string; description?: string; calls: Call[] }): string {
  return `<section><h2>${escapeHtml(group.name)}</h2>${prose(group.description ?? '')}
${group.calls.map((call) => article(document, call)).join('\n')}</section>`
}

function article(document: OpenApi, call: Call): string {
  const { method, path, operation } = call
  const parameters = parametersOf(document, path, operation)
  const answers = Object.entries(operation.responses ?? {}).map(
    ([status, answer]) => [status, resolved<Answer>(document, answer)] as const,
  )
  return `<article class="panel" id="${escapeHtml(operation.operationId)}">
<h3><code>${method.toUpperCase()} ${escapeHtml(path)}</code> ${prose(operation.summary ?? '', false)}</h3>
${prose(operation.description ?? '')}
${parameters.length > 0 ? parameterTable(parameters) : ''}
<h4>Example</h4>
<pre tabindex="0" aria-label="Example"><code class="example" data-operation="${escapeHtml(operation.operationId)}">${escapeHtml(curlExample(document, call))}</code></pre>
<h4>Answers</h4>
<ul class="lines">${answers.map(([status, { description }]) => `<li><code>${escapeHtml(status)}</code> ${escapeHtml(STATUS_CODES[status] ?? '')} <span class="quiet">${prose(description ?? '', false)}</span></li>`).join('')}</ul>
${answers.map(([status, answer]) => exampleAnswer(document, status, answer)).join('')}
</article>`
}

function parameterTable(parameters: Parameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, required, description }) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${place}${required ? ', required' : ''}</td><td>${prose(description ?? '', false)}</td></tr>`,
  )
  return `<div class="scroll" role="group" tabindex="0" aria-label="Parameters"><table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

/** What comes back when all is well. */
function exampleAnswer(document: OpenApi, status: string, { content }: Answer): string {
  const [media] = Object.values(content ?? {})
  const example = firstExample(document, media?.examples)
  if (!status.startsWith('2') || example === undefined) return ''
  const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2)
  return `<details><summary>What ${escapeHtml(status)} looks like</summary><pre tabindex="0" aria-label="Answer"><code>${escapeHtml(text)}</code></pre></details>`
}

/** The little Markdown that the contract uses: paragraphs, `code`, *emphasis* and **strong**. */
function prose(text: string, isBlock = true): string {
  const paragraphs = text
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean)
  const marked = paragraphs.map((paragraph) =>
    escapeHtml(paragraph)
      .replace(/``\s?(.+?)\s?``|`([^`]+)`/g, (_, double, single) => `<code>${double ?? single}</code>`)
      .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
      .replace(/(^|[\s(])\*([^*\s][^*]*)\*/g, '$1<em>$2</em>'),
  )
  return isBlock ? marked.map((paragraph) => `<p>${paragraph}</p>`).join('\n') : marked.join(' ')
}
