import { describe, expect, it } from 'vitest'
import { parseLabelingConfig } from '../../src/labeling/config.ts'
import type { Region } from '../../src/labeling/types.ts'
import { compareResults, controlNames } from '../../src/metrics/compare.ts'
import captures from './fixtures/captures.json' with { type: 'json' }

/** The prediction and the annotation of a captured request, and the controls of its config that the model predicts. */
const cases = captures.map(({ name, label_config, prediction, annotation, changed }) => {
  const names = controlNames(prediction as Region[])
  const controls = parseLabelingConfig(label_config).controls.filter((tag) => names.includes(tag.name))
  return { name, prediction: prediction as Region[], annotation: annotation as Region[], controls, changed }
})

describe('what a real Label Studio sent', () => {
  it('is all there', () => {
    expect(cases.length).toBeGreaterThan(100)
    expect(cases.filter(({ changed }) => changed).length).toBeGreaterThan(35)
  })

  it.each(cases)('$name: changed is $changed', ({ prediction, annotation, controls, changed }) => {
    const outcomes = Object.values(compareResults(prediction, annotation, controls))
    expect(outcomes.map((outcome) => outcome.changed)).toEqual(controls.map(() => changed))
    for (const { similarity } of outcomes) {
      if (changed) expect(similarity).toBeLessThanOrEqual(1 - 1e-6)
      else expect(similarity).toBe(1)
    }
  })
})
