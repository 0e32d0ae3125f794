import type { ConfigName } from './configs.ts'

export interface Row {
  says: string
  config: ConfigName
  control: string
  plain: unknown
  data?: Record<string, unknown>
}

/** A plain value and the `value` of each region that it becomes. */
export interface BuiltRow extends Row {
  values: Record<string, unknown>[]
}

/** A value that the config or the data does not allow, and what the problem says. */
export interface RefusedRow extends Row {
  message: RegExp
  /** Where the problem is, when not the whole field. */
  path?: string
}
