import type { components, operations } from './schema.ts'

type Schemas = components['schemas']

export type SchemaName = keyof Schemas
export type Schema<Name extends SchemaName> = Schemas[Name]

export type Monitor = Schemas['Monitor']
export type MonitorInput = Schemas['MonitorInput']
export type MonitorPatch = Schemas['MonitorPatch']
export type ImportedMonitor = Schemas['ImportedMonitor']
export type SourceInput = Schemas['SourceInput']
export type Source = Schemas['Source']
export type Format = Schemas['Format']
export type Sample = Schemas['Sample']
export type Labeling = Schemas['Labeling']
export type Mapping = Schemas['Mapping']
export type Threshold = Schemas['Threshold']
export type Preview = Schemas['Preview']
export type PreviewProblem = Schemas['PreviewProblem']
export type SamplePrediction = Schemas['SamplePrediction']

export type Run = Schemas['Run']
export type RunInput = Schemas['RunInput']
export type RunProgress = Schemas['RunProgress']
export type RunStatus = Schemas['RunStatus']

export type Comparison = Schemas['Comparison']
export type Confusion = NonNullable<Schemas['Confusion']>
export type Evaluation = Schemas['Evaluation']
export type EvaluationTask = Schemas['EvaluationTask']
export type Gate = Schemas['Gate']
export type Interval = Schemas['Interval']
export type Reconciliation = Schemas['Reconciliation']
export type ThresholdState = Schemas['ThresholdState']
export type Trend = Schemas['Trend']
export type Verdict = Schemas['Verdict']

export type ProblemBody = Schemas['Problem']
export type FieldError = Schemas['FieldError']
export type Readiness = Schemas['Readiness']
export type ReadinessChecks = Schemas['ReadinessChecks']

/** The `operationId`s of openapi.yaml. */
export type OperationId = keyof operations
type Parameters<Id extends OperationId> = operations[Id]['parameters']
export type PathParameters<Id extends OperationId> = NonNullable<Parameters<Id>['path']>

/** Parameters of the query as a handler sees them: those with a default are always there. */
export type Query<Id extends OperationId> = Defaulted<NonNullable<Parameters<Id>['query']>>
type Defaulted<T> = Omit<T, QueryDefault> & Required<Pick<T, Extract<keyof T, QueryDefault>>>
type QueryDefault = (typeof QUERY_DEFAULTS)[number]

/** The parameters of queries that have a default, which schema.ts does not tell. */
export const QUERY_DEFAULTS = ['limit', 'strict', 'name'] as const

/** The body of a call, with its defaults; undefined where it may be left out. */
export type Body<Id extends OperationId> = operations[Id] extends { requestBody: { content: infer Content } }
  ? Content[keyof Content]
  : operations[Id] extends { requestBody?: { content: infer Content } }
    ? Content[keyof Content] | undefined
    : undefined

/** The JSON that a call answers with a status. */
export type Answer<
  Id extends OperationId,
  Status extends keyof operations[Id]['responses'],
> = operations[Id]['responses'][Status] extends { content: infer Content }
  ? Content[keyof Content]
  : undefined
