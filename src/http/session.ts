import { type Request, Router } from 'express'
import type { Answer } from '../contract/types.ts'
import { input } from '../contract/validator.ts'
import { type Access, type Grant, SESSION_COOKIE } from './access.ts'
import { header } from './credentials.ts'

/** The session of a page: a token is given once, and a cookie stands for it. */
export function sessionRoutes({ access }: { access: Access }): Router {
  const router = Router()

  router.get('/session', (request, response) => {
    response.set('Cache-Control', 'no-store').json(present(access.grantOf(request)))
  })

  router.post('/session', async (request, response) => {
    const { token } = input<'createSession'>(request).body
    const { cookie, ...grant } = await access.signIn(request, token)
    if (cookie !== null && grant.expiresAt) {
      response.cookie(SESSION_COOKIE, cookie, { ...attributes(request), expires: grant.expiresAt })
    }
    response.set('Cache-Control', 'no-store').json(present(grant))
  })

  router.delete('/session', (request, response) => {
    response.clearCookie(SESSION_COOKIE, attributes(request)).status(204).end()
  })

  return router
}

function attributes(request: Request) {
  // A proxy that speaks https for us may be too far away to be believed; the browser is asked as well.
  const secure = request.secure || (header(request, 'origin') ?? '').startsWith('https:')
  return { httpOnly: true, sameSite: 'strict', secure, path: '/' } as const
}

function present(grant: Grant | null): Answer<'getSession', 200> {
  return { role: grant?.role ?? null, expires_at: grant?.expiresAt?.toISOString() ?? null }
}
