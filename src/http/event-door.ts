import type { Request, RequestHandler } from 'express'
import { readEventBody } from '../annotations/event.ts'
import type { Intake } from '../annotations/intake.ts'
import { notJson } from '../contract/problem.ts'
import type { Contract } from '../contract/validator.ts'
import type { Access } from './access.ts'
import { receiveEvent, type WithRawBody } from './label-studio.ts'

/** In bytes; larger bodies are few, and go the long way. */
const MOST_BYTES = 1024 * 1024

/**
 * The short way of an event, for `POST /webhook`: who sends it, its body, the contract, and nothing else, because Label
 * Studio waits a second for the answer and may send many. Whatever does not come as Label Studio sends it is left, before
 * anything is read of it, to the way that all other calls go.
 */
export function eventDoor(deps: { access: Access; contract: Contract; intake: Intake }): RequestHandler[] {
  const { access, contract, intake } = deps
  return [onlyPlain, ...contract.route, access.check, readBody, contract.body, receiveEvent(intake)]
}

const onlyPlain: RequestHandler = ({ url, headers }, _response, next) => {
  const length = Number(headers['content-length'])
  const isPlain =
    !url.includes('?') &&
    /^application\/json(?:; *charset=utf-8)?$/i.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    length > 0 &&
    length <= MOST_BYTES
  next(isPlain ? undefined : 'route')
}

/** Of one that breaks off nothing more is heard, and nobody is there to be answered. */
const readBody: RequestHandler = (request, _response, next) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.once('end', () => {
    const raw = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
    try {
      ;(request as Request & WithRawBody).rawBody = raw
      request.body = readEventBody(raw)
    } catch (error) {
      return next(notJson(error))
    }
    next()
  })
}
