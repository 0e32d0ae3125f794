import { SaxesParser } from 'saxes'

/** More than any config that a person writes or generates; the editor itself gets slow far below. */
const MAX_CHARACTERS = 1_000_000
const MAX_DEPTH = 200

export interface XmlElement {
  tag: string
  attributes: Record<string, string>
  /** The characters directly inside, trimmed. */
  text: string
  parent: XmlElement | null
  children: XmlElement[]
}

/**
 * Reads an XML document into a tree of elements. Comments and processing instructions are left out, entities are
 * resolved. A document type is refused, as Label Studio does.
 *
 * @throws Error with a message that says what is wrong and where (line and column, from 1)
 */
export function parseXml(source: string): XmlElement {
  if (source.length > MAX_CHARACTERS) {
    throw new Error(`is longer than ${MAX_CHARACTERS} characters (${source.length})`)
  }
  const parser = new SaxesParser()
  let root: XmlElement | null = null
  let open: XmlElement | null = null
  let depth = 0

  const refuse = (what: string): never => {
    throw new Error(`is not well-formed XML: ${what}, at line ${parser.line}, column ${parser.column}`)
  }
  const characters = (text: string) => {
    if (open) open.text += text
  }
  parser.on('error', (error) => refuse(error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')))
  parser.on('doctype', () => refuse('a document type (<!DOCTYPE …>) is not allowed'))
  parser.on('opentag', ({ name, attributes }) => {
    if (++depth > MAX_DEPTH) refuse(`tags are nested deeper than ${MAX_DEPTH}`)
    const element: XmlElement = {
      tag: name,
      attributes: { ...attributes },
      text: '',
      parent: open,
      children: [],
    }
    if (open) open.children.push(element)
    else root = element
    open = element
  })
  parser.on('closetag', () => {
    depth--
    if (open) {
      open.text = open.text.trim()
      open = open.parent
    }
  })
  parser.on('text', characters)
  parser.on('cdata', characters)

  // A declaration must be the first thing of a document; people paste configs with blank lines before it.
  parser.write(source.replace(/^\uFEFF?\s+(?=<\?xml)/, '')).close()
  return root ?? refuse('there is no root tag')
}

/** The element and everything below it, in document order. */
export function* walk(element: XmlElement): Generator<XmlElement> {
  yield element
  for (const child of element.children) yield* walk(child)
}

/** An attribute by its name in Label Studio's documentation; the editor takes it in any case. */
export function attribute(
  { attributes }: { attributes: Record<string, string> },
  name: string,
): string | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name]
  const wanted = name.toLowerCase()
  return Object.entries(attributes).find(([key]) => key.toLowerCase() === wanted)?.[1]
}

/** Where an element stands, e.g. `/View/Choices[@name="topic"]`. */
export function location(element: XmlElement): string {
  const name = attribute(element, 'name')
  const own = name === undefined ? element.tag : `${element.tag}[@name="${name}"]`
  return `${element.parent ? location(element.parent) : ''}/${own}`
}
