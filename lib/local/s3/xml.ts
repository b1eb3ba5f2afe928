import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser'
import { AwsError } from '../http/aws-error.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** An element's content: text, elements by name, or repeated elements. `undefined` leaves the element out. */
export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml }

const builder = new XMLBuilder({ processEntities: false, tagValueProcessor: (_, value) => escapeText(String(value)) })

/** Builds a document in S3's namespace. */
export function buildXml(root: string, content: { readonly [name: string]: Xml }): string {
  const body = builder.build({ [root]: content })
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body.replace(`<${root}>`, `<${root} xmlns="${NAMESPACE}">`)}`
}

/** Builds an error document, which has no namespace. */
export function buildErrorXml(fields: { readonly [name: string]: Xml }): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ Error: fields })}`
}

/** Escapes text. Control characters become references, because a parser would convert a carriage return to a line feed. */
function escapeText(text: string): string {
  return text.replace(/[&<>"'\p{Cc}]/gu, (char) => `&#${char.charCodeAt(0)};`)
}

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  htmlEntities: true,
})

/**
 * Parses a document with the given root.
 *
 * @throws AwsError `MalformedXML` for text that is not XML, for another root, and for a document type, which could define
 * entities
 */
export function parseXml(text: string, root: string): unknown {
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) throw malformedXml()
  const document: unknown = parser.parse(text)
  if (!isElement(document) || !(root in document)) throw malformedXml()
  return document[root]
}

/** All children of an element with this name. */
export function children(element: unknown, name: string): readonly unknown[] {
  const found = isElement(element) ? element[name] : undefined
  return found === undefined ? [] : Array.isArray(found) ? found : [found]
}

/** The text of the only child with this name; `undefined` if there is not exactly one. */
export function childText(element: unknown, name: string): string | undefined {
  const [child] = children(element, name)
  return typeof child === 'string' ? child : undefined
}

export function malformedXml(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema.',
  )
}

function isElement(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
