import { type Call, jsonApi } from './json-api.ts'
import { admin, type LabelStudio } from './label-studio.ts'

export type { Call } from './json-api.ts'

export type User = { id: number; email: string; token: string }

/** Label Studio's REST API, as written in its own reference. `token`: a legacy token (40 hexadecimal digits) or an access token. */
export function labelStudioApi(url: string, token: string): Call {
  const scheme = /^[0-9a-f]{40}$/.test(token) ? 'Token' : 'Bearer'
  return jsonApi(url, { authorization: `${scheme} ${token}` })
}

/** The administrator's personal access token. Label Studio gives one per user, once: a second call throws. */
export async function createPersonalAccessToken(call: Call): Promise<string> {
  return (await call<{ token: string }>('POST', '/api/token/')).token
}

/**
 * A further user, who joins as a person does: by the invitation link and its sign-up form. A user made over
 * the API has no active organization, and Label Studio sends no webhooks for what such a user does.
 */
export async function createUser(
  labelStudio: Pick<LabelStudio, 'url'>,
  email: string,
  password = 'ls-user-password',
): Promise<User> {
  const { url } = labelStudio
  const { invite_url: invitation } = await labelStudioApi(url, admin.token)<{ invite_url: string }>(
    'GET',
    '/api/invite',
  )
  const form = await fetch(url + invitation)
  const cookies = cookiesOf(form)
  const answer = await fetch(url + invitation, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: headerOf(cookies), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ email, password, csrfmiddlewaretoken: cookies.get('csrftoken') ?? '' }),
  })
  if (answer.status !== 302) {
    throw new Error(
      `expected a redirect after signing up ${email}, got ${answer.status}: is the address in use?`,
    )
  }
  const session = { headers: { cookie: headerOf(cookiesOf(answer)) } }
  const whoami = (await (await fetch(`${url}/api/current-user/whoami`, session)).json()) as { id: number }
  const { token } = (await (await fetch(`${url}/api/current-user/token`, session)).json()) as {
    token: string
  }
  return { id: whoami.id, email, token }
}

function cookiesOf(response: Response): Map<string, string> {
  return new Map(
    response.headers.getSetCookie().map((line) => {
      const [name = '', value = ''] = line.split(';', 1).join('').split(/=(.*)/s)
      return [name, value]
    }),
  )
}

function headerOf(cookies: Map<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}
