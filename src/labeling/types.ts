/** One entry of a Label Studio `result` list, as it is stored: nothing of it is trusted. */
export interface Region {
  id?: string
  from_name?: string
  to_name?: string | string[]
  type?: string
  value?: Record<string, unknown>
  [field: string]: unknown
}

/** A tag that shows a part of the task's data, e.g. `<Text name="question" value="$question"/>`. */
export interface ObjectTag {
  name: string
  /** The tag as written, e.g. `Text`. */
  tag: string
  /** The key of the task's `data` that the tag shows (`value="$question"` → `question`); null without one. */
  field: string | null
  attributes: Record<string, string>
}

/** A tag that takes an answer, e.g. `<Choices name="topic" toName="question">`. */
export interface ControlTag {
  name: string
  /** The tag as written, e.g. `RectangleLabels`. */
  tag: string
  /** The `type` of its regions: the tag in lower case, e.g. `rectanglelabels`. */
  type: string
  /** Names of the object tags it belongs to. */
  toName: string[]
  /** Values that a region may carry (`Label value`, `Choice value` or its `alias`), in config order; for Taxonomy the paths joined by `/`. */
  labels: string[]
  /** Whether its answer belongs to a region rather than to the task (`perRegion="true"`). */
  perRegion: boolean
  attributes: Record<string, string>
}

export interface LabelingConfig {
  objects: ObjectTag[]
  controls: ControlTag[]
}
