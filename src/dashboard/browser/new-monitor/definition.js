import { optionalNumber, optionalText } from '../parts/fields.js'

/** @import { MonitorInput } from '../types.ts' */

/**
 * The form as the body of `POST /monitors`. What is wrong in it is for the service to say.
 *
 * @param {FormData} form
 * @returns {MonitorInput}
 */
export function definitionOf(form) {
  const metric = optionalText(form, 'metric')
  const bound = optionalNumber(form, 'bound')
  const emails = (optionalText(form, 'emails') ?? '').split(/[\s,;]+/).filter(Boolean)
  const definition = {
    name: optionalText(form, 'name') ?? '',
    title: optionalText(form, 'title'),
    source: sourceOf(form),
    format: formatOf(form),
    sample: defined({
      total: optionalNumber(form, 'total'),
      by: optionalText(form, 'by'),
      where: optionalText(form, 'where'),
    }),
    window: defined({ days: optionalNumber(form, 'days') }),
    labeling: {
      config: optionalText(form, 'config'),
      copy_from_project: optionalNumber(form, 'copy_from_project'),
    },
    thresholds:
      metric === null || bound === null
        ? []
        : [{ metric, [metric.includes('similarity') ? 'min' : 'max']: bound / 100 }],
    notify: { emails },
    ...moreOf(form),
  }
  return /** @type {MonitorInput} */ (/** @type {unknown} */ (definition))
}

/** @param {FormData} form */
function sourceOf(form) {
  const type = optionalText(form, 'source_type')
  const key_pattern = optionalText(form, 'key_pattern')
  const path = optionalText(form, 'path') ?? ''
  if (type === 'file') return { type, path, key_pattern: key_pattern ?? '' }
  if (type === 'module') return { type, path, ...defined({ key_pattern }) }
  if (type === 'sql')
    return { type, url: optionalText(form, 'url') ?? '', query: optionalText(form, 'query') ?? '' }
  if (type === 'http') {
    const urls = optionalText(form, 'urls')?.split(/\s+/) ?? null
    const [url_pattern, manifest] = [optionalText(form, 'url_pattern'), optionalText(form, 'manifest')]
    return { type, ...defined({ urls, url_pattern, manifest, key_pattern }) }
  }
  const access_key_id = optionalText(form, 'access_key_id')
  const secret_access_key = optionalText(form, 'secret_access_key')
  return {
    type: 's3',
    bucket: optionalText(form, 'bucket') ?? '',
    key_pattern: key_pattern ?? '',
    ...defined({
      prefix: optionalText(form, 'prefix'),
      endpoint: optionalText(form, 'endpoint'),
      region: optionalText(form, 'region'),
    }),
    ...(access_key_id || secret_access_key ? { credentials: { access_key_id, secret_access_key } } : {}),
  }
}

/** @param {FormData} form */
function formatOf(form) {
  const timestamp_field = optionalText(form, 'timestamp_field')
  // the rows of a query are records already
  if (optionalText(form, 'source_type') === 'sql') return defined({ type: 'jsonl', timestamp_field })
  const delimiter = String(form.get('delimiter') ?? '')
  const columns = optionalText(form, 'columns')
  return defined({
    type: optionalText(form, 'format_type'),
    record_start: optionalText(form, 'record_start'),
    pattern: optionalText(form, 'pattern'),
    path: optionalText(form, 'format_path'),
    // a delimiter may be blank, so it is not trimmed
    delimiter: delimiter === '\\t' ? '\t' : delimiter || null,
    columns: columns?.split(',').map((name) => name.trim()) ?? null,
    header: columns === null ? null : false,
    timestamp_field,
  })
}

/** Everything else that a monitor may have, as JSON. @param {FormData} form @returns {Record<string, unknown>} */
function moreOf(form) {
  const text = optionalText(form, 'more')
  if (text === null) return {}
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`“Everything else” is no JSON: ${/** @type {Error} */ (error).message}`)
  }
}

/** Without what is null: the service has a default for it. @param {Record<string, unknown>} fields */
function defined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}
