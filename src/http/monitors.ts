import type { Response } from 'express'
import { Router } from 'express'
import type { Config } from '../config.ts'
import { Problem } from '../contract/problem.ts'
import { type Contract, input } from '../contract/validator.ts'
import { checkMonitor } from '../monitors/check.ts'
import { monitorFromIni } from '../monitors/config-ini.ts'
import { mergePatch } from '../monitors/merge-patch.ts'
import {
  complete,
  type Monitor,
  type MonitorDraft,
  type Monitors,
  presentMonitor,
} from '../monitors/monitor.ts'
import type { TryMonitor } from '../monitors/preview.ts'
import { keepSecrets, maskSecrets, NoSecretToKeepError } from '../monitors/secrets.ts'
import { decodeCursor, page } from './paging.ts'

export interface MonitorRoutes {
  contract: Contract
  monitors: Monitors
  preview: TryMonitor
  config: Pick<Config, 'labelStudio' | 'smtp'>
}

export function monitorRoutes({ contract, monitors, preview, config }: MonitorRoutes): Router {
  const router = Router()

  router.get('/monitors', async (request, response) => {
    const { limit, cursor } = input<'listMonitors'>(request).query
    const rows = await monitors.list({ after: decodeCursor(cursor, 'string'), limit: limit + 1 })
    response.json(page(rows, limit, (monitor) => monitor.definition.name, presentMonitor))
  })

  router.post('/monitors', async (request, response) => {
    const draft = input<'createMonitor'>(request).body as MonitorDraft
    answer(response.status(201), await create(draft))
  })

  router.post('/monitors/import', async (request, response) => {
    const { query, body } = input<'importMonitor'>(request)
    const imported = monitorFromIni(body as string, { name: query.name, environment: config })
    const errors = imported.problems.filter(({ severity }) => severity === 'error')
    if (!imported.monitor) {
      throw new Problem('invalid-config-ini', errors.map(({ message }) => message).join(' '), {
        errors: errors.map(({ path, message }) => ({ path, message })),
      })
    }
    const draft = contract.check('MonitorInput', imported.monitor) as MonitorDraft
    const monitor = await create(draft)
    located(response.status(201), monitor).json({
      ...presentMonitor(monitor),
      settings: {
        agree: imported.settings.filter(({ agrees }) => agrees === true).map(({ key }) => key),
        ignored: imported.settings.filter(({ agrees }) => agrees === false).map(({ key }) => key),
      },
      warnings: imported.problems.map(({ message }) => message),
    })
  })

  router.get('/monitors/:monitor', async (request, response) => {
    answer(response, await find(monitors, input<'getMonitor'>(request).path.monitor))
  })

  router.patch('/monitors/:monitor', async (request, response) => {
    const { path, body } = input<'patchMonitor'>(request)
    const monitor = await find(monitors, path.monitor)
    checkIfMatch(request.headers['if-match'], monitor)
    const patched = mergePatch(maskSecrets(monitor.definition), body)
    const draft = contract.check('MonitorInput', patched) as MonitorDraft
    checkMonitor(draft)
    const change = await keepingSecrets(() => monitors.replace(monitor, draft))
    if (change === 'name_taken') throw nameTaken(draft.name)
    if (typeof change === 'string') throw changedMeanwhile()
    answer(response, change.monitor)
  })

  router.delete('/monitors/:monitor', async (request, response) => {
    const monitor = await find(monitors, input<'deleteMonitor'>(request).path.monitor)
    checkIfMatch(request.headers['if-match'], monitor)
    if ((await monitors.remove(monitor)) === 'changed_meanwhile') throw changedMeanwhile()
    response.status(204).end()
  })

  router.post('/monitors/:monitor/preview', async (request, response) => {
    const { path, body } = input<'previewMonitor'>(request)
    const { definition } = await find(monitors, path.monitor)
    response.json(await preview(monitors.open(definition), body ?? {}))
  })

  router.post('/preview', async (request, response) => {
    const { monitor, ...given } = input<'previewDraft'>(request).body
    const draft = monitor as MonitorDraft
    checkMonitor(draft)
    const definition = await keepingSecrets(async () => complete(keepSecrets(draft)))
    response.json(await preview(definition, given))
  })

  async function create(draft: MonitorDraft): Promise<Monitor> {
    checkMonitor(draft)
    const created = await keepingSecrets(() => monitors.create(draft))
    if (created === 'name_taken') throw nameTaken(draft.name)
    return created
  }

  return router
}

/** @throws Problem when there is no such monitor */
export async function find(monitors: Monitors, reference: string): Promise<Monitor> {
  const monitor = await monitors.find(reference)
  if (!monitor) throw new Problem('not-found', `There is no monitor ${reference}; GET /monitors lists them.`)
  return monitor
}

function answer(response: Response, monitor: Monitor): void {
  located(response, monitor).json(presentMonitor(monitor))
}

function located(response: Response, monitor: Monitor): Response {
  return response.set({ ETag: etag(monitor), Location: `/monitors/${monitor.definition.name}` })
}

function etag(monitor: Monitor): string {
  return `"${monitor.version}"`
}

function checkIfMatch(ifMatch: string | undefined, monitor: Monitor): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const versions = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (!versions.includes(etag(monitor))) throw changedMeanwhile()
}

function changedMeanwhile(): Problem {
  return new Problem(
    'version-mismatch',
    'The monitor has changed since it was read: read it again, then repeat the change.',
  )
}

function nameTaken(name: string): Problem {
  return new Problem(
    'name-taken',
    `There is a monitor ${name} already: choose another name, or change that one.`,
  )
}

async function keepingSecrets<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof NoSecretToKeepError)) throw error
    throw new Problem('invalid-monitor', error.message, { errors: error.problems })
  }
}
