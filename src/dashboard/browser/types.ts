/** Short names of what the API's calls answer, as its client types them. */
import type { Readable } from 'openapi-typescript-helpers'
import type { components } from '../../contract/schema.ts'

type Schemas = components['schemas']

export type Comparison = Readable<Schemas['Comparison']>
export type Evaluation = Readable<Schemas['Evaluation']>
export type EvaluationTask = Readable<Schemas['EvaluationTask']>
export type Monitor = Readable<Schemas['Monitor']>
export type MonitorInput = Schemas['MonitorInput']
export type Preview = Readable<Schemas['Preview']>
export type ProblemBody = Readable<Schemas['Problem']>
export type Run = Readable<Schemas['Run']>
export type RunInput = Schemas['RunInput']
export type Trend = Readable<Schemas['Trend']>
