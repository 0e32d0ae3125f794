/**
 * One call of a JSON API: `call('GET', '/api/projects/1')`. Answers the parsed JSON (null without a body); throws with
 * method, path and answer when the status is not 2xx.
 */
export type Call = <T = unknown>(method: string, path: string, body?: unknown) => Promise<T>

/** The API below `url`; every call sends `headers`. */
export function jsonApi(url: string, headers: Record<string, string> = {}): Call {
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`)
    return (text ? JSON.parse(text) : null) as T
  }
}
