import { Router } from 'express'
import { input } from '../contract/validator.ts'
import type { Database } from '../db/database.ts'
import { exportLines } from '../evaluations/export.ts'
import { followedProject } from './followed.ts'
import { sendPieces } from './send-pieces.ts'

export interface ExportRoutes {
  database: Database
}

export function exportRoutes({ database }: ExportRoutes): Router {
  const router = Router()

  router.get('/evaluations/:project/export', async (request, response) => {
    const { path, query } = input<'exportEvaluation'>(request)
    const { format, changed = null, blind = null, split = null } = query
    const project = await followedProject(database.kysely, path.project)
    const part = changed === null ? null : changed ? 'changed' : 'unchanged'
    const arm = blind === null ? null : blind ? 'blind' : 'shown'
    const name = ['project', path.project, format, part, arm, split].filter((word) => word !== null).join('-')
    // Not by Express, which would add a charset that this type has no parameter for.
    response.setHeader('Content-Type', 'application/x-ndjson')
    response.setHeader('Content-Disposition', `attachment; filename="${name}.jsonl"`)
    if (request.method === 'HEAD') response.end()
    else await sendPieces(exportLines(database.kysely, project, { format, changed, blind, split }), response)
  })

  return router
}
