import { Router } from 'express'
import type { ContractDocument } from '../contract/document.ts'
import { Problem } from '../contract/problem.ts'
import type { ReadinessChecks } from '../contract/types.ts'
import { input } from '../contract/validator.ts'
import { dashboardPage } from '../dashboard/page.ts'
import { LabelingConfigError, parseLabelingConfig } from '../labeling/config.ts'
import { sampleFor } from '../labeling/sample.ts'
import { referencePage } from './reference-page.ts'

export interface ServiceRoutes {
  document: ContractDocument
  /** What the service needs, looked at now. */
  readiness: () => Promise<ReadinessChecks>
  /** What Prometheus is told now. */
  scrape: () => Promise<{ contentType: string; text: string }>
  version: string
}

export function serviceRoutes({ document, readiness, scrape, version }: ServiceRoutes): Router {
  const router = Router()

  router.get('/', (request, response) => {
    // A program that names no type takes JSON; only a browser asks for a page.
    if (request.accepts(['json', 'html']) === 'html') response.type('html').send(dashboardPage)
    else response.json({ status: 'UP', model_class: 'label-studio-monitor', version })
  })

  router.get('/ready', async (_request, response) => {
    const checks = await readiness()
    const failed = checks.filter(({ ok }) => !ok)
    if (failed.length > 0) {
      const detail = failed.map(({ name, problem }) => `${name}: ${problem}`).join(' ')
      throw new Problem('not-ready', detail, { extra: { checks } })
    }
    response.json({ status: 'ready', checks })
  })

  router.get('/metrics', async (_request, response) => {
    const { contentType, text } = await scrape()
    response.set('Content-Type', contentType).send(text)
  })

  router.get('/openapi.yaml', (_request, response) => {
    response.type('application/yaml').send(document.yaml)
  })
  router.get('/openapi.json', (_request, response) => {
    response.json(document.json)
  })
  router.get('/docs', (request, response) => {
    const origin = `${request.protocol}://${request.host ?? 'localhost'}`
    response.type('html').send(referencePage(document.json, origin))
  })

  router.post('/labeling-config/sample-prediction', (request, response) => {
    const { label_config } = input<'samplePrediction'>(request).body
    try {
      response.json(sampleFor(parseLabelingConfig(label_config)))
    } catch (error) {
      if (!(error instanceof LabelingConfigError)) throw error
      throw new Problem('invalid-labeling-config', error.message, {
        errors: error.problems.map(({ path, message }) => ({
          path: '/label_config',
          message: path ? `${path}: ${message}` : message,
        })),
      })
    }
  })

  return router
}
