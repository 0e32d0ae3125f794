import type { components } from '../contract/schema.ts'

type Links = components['schemas']['AnnouncementLinks']

/** Where to read on about a run and its project. */
export function linksOf(options: {
  publicUrl: string
  run: string
  project: { id: number; url: string } | null
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
