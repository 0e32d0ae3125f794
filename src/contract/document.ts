import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

/** `openapi.yaml` as text, to be served, and as parsed, to be held to. */
export interface ContractDocument {
  yaml: string
  json: OpenApi
}

/** The parts of an OpenAPI document that the service looks at itself. */
export interface OpenApi {
  openapi: string
  info: { title: string; version: string }
  security?: SecurityRequirement[]
  paths: Record<string, Record<string, unknown>>
  components: Record<string, Record<string, unknown>>
}

/** By the name of a security scheme, the roles it asks for; all of one requirement must hold, one of several. */
export type SecurityRequirement = Record<string, string[]>

/** Reads the contract that lies at the root of the package. */
export function readContractDocument(): ContractDocument {
  const yaml = readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')
  return { yaml, json: load(yaml) as OpenApi }
}
