/**
 * Logs from an HTTP API that gives them page by page: an example of a module of one's own. Put it below MODULE_ROOT and name it
 * in a monitor:
 *
 *   "source": {"type": "module", "path": "api-module.ts", "options": {"url": "https://api.example.org/answers"}}
 *
 * Its records are read as they are (`format.type` jsonl, which is the default here). Types are only for the editor.
 */
import type { LogRecord, OpenRequest } from '../src/logs/module.ts'

interface Page {
  items: { asked_at: string; prompt: string; completion: string; model: string }[]
  next: string | null
}

export async function* open({ window, options }: OpenRequest): AsyncGenerator<LogRecord> {
  let url: string | null = `${options.url}?from=${window?.from}&to=${window?.to}`
  while (url) {
    const response: Response = await fetch(url)
    if (!response.ok) {
      const error = new Error(`${options.url} answered ${response.status}`)
      // worth another try later
      throw Object.assign(error, { temporary: response.status >= 500 })
    }
    const page = (await response.json()) as Page
    for (const { asked_at, prompt, completion, model } of page.items)
      yield { timestamp: asked_at, question: prompt, answer: completion, model_version: model }
    url = page.next && new URL(page.next, url).href
  }
}
