import type { components } from '../contract/schema.ts'

type Links = components['schemas']['AnnouncementLinks']

/** Where a program reads on about a run and its project: addresses of the API. */
export function linksOf(options: {
  publicUrl: string
  run: string
  project: { id: number; url: string | null } | null
}): Links {
  const { publicUrl, run, project } = options
  const evaluation = project && `${publicUrl}/evaluations/${project.id}`
  return {
    run: `${publicUrl}/runs/${run}`,
    evaluation,
    gate: evaluation && `${evaluation}/gate`,
    export: evaluation && `${evaluation}/export?format=preference&changed=true`,
    label_studio: project?.url ?? null,
  }
}

/** Where a person reads on about a run, on the page of the service. */
export function runPage(publicUrl: string, run: string): string {
  return `${publicUrl}/#/runs/${encodeURIComponent(run)}`
}

/** Where a person reads on about what reviewers made of a project, on the page of the service. */
export function evaluationPage(publicUrl: string, project: number): string {
  return `${publicUrl}/#/evaluations/${project}`
}
