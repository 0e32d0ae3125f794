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
  /** For TimeSeries the data columns of its channels. */
  columns?: string[]
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
  /** Whether the task's data or another server brings further labels (`value="$labels"`, `apiUrl`): then any label is allowed. */
  openLabels?: boolean
  /** The value that a label shows → the `alias` that regions carry instead. */
  aliases?: Record<string, string>
  /** For Taxonomy and Choices with `allowNested`: `labels` as paths, each from the topmost choice down. */
  paths?: string[][]
  /** What must be chosen elsewhere for the editor to show it, all of it (`visibleWhen`). */
  visibleWhen?: ChoiceCondition[]
  /** Whether its answer belongs to a region rather than to the task (`perRegion="true"`). */
  perRegion: boolean
  attributes: Record<string, string>
}

/** What must be chosen, or (`chosen` false) must not be, in Choices or Taxonomy. */
export interface ChoiceCondition {
  /** The control tag; null is any. */
  tag: string | null
  /** One of these, as regions carry them; null is anything. */
  values: string[] | null
  chosen: boolean
}

/** A place in the config that shows a key of the task's `data`, in an object tag or not (`<Header value="$title"/>`). */
export interface DataReference {
  /** The key below which the value stands; nested data by dots (`$user.name` → `user.name`, `$pages[0].url` → `pages`). */
  field: string
  /** The tag as written, e.g. `Header`. */
  tag: string
  name: string | null
  /** The attribute as written, e.g. `value="$title"`. */
  attribute: string
}

export interface LabelingConfig {
  objects: ObjectTag[]
  controls: ControlTag[]
  references?: DataReference[]
  /** Labels that a relation between regions may carry; absent when the config names none, then any is allowed. */
  relationLabels?: string[]
}

/** One thing that is wrong in what was given. `path` says where: an attribute, a part of the mapping or a record's field. */
export interface Problem {
  path?: string
  message: string
}
