import { parseLabelingConfig, requiredFields } from '../../src/labeling/config.ts'

/** One line per tag: `name:type→objects[labels]`, `*` for labels from elsewhere, `/` for an answer per region. */
export function outline(xml: string): { controls: string[]; objects: string[]; data: string[] } {
  const config = parseLabelingConfig(xml)
  return {
    controls: config.controls.map((control) => {
      const labels = `${control.labels.join('|')}${control.openLabels ? '*' : ''}`
      return `${control.name}:${control.type}→${control.toName.join()}[${labels}]${control.perRegion ? '/' : ''}`
    }),
    objects: config.objects.map((object) => `${object.name}:${object.tag}=${object.field}`),
    data: requiredFields(config),
  }
}
