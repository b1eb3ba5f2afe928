import { AwsError } from '../http/aws-error.ts'
import { encodeUriPath } from '../http/aws-uri.ts'

/** Parameters of a request's query, by name. */
export type Query = ReadonlyMap<string, string>

/**
 * Reads a numeric parameter.
 *
 * @throws AwsError `InvalidArgument`.
 */
export function readCount(query: Query, name: string, fallback: number): number {
  const text = query.get(name) ?? ''
  if (text === '') return fallback
  if (!/^\d{1,9}$/.test(text))
    throw new AwsError('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      fields: { ArgumentName: name, ArgumentValue: text },
    })
  return Number(text)
}

/**
 * The encoder for keys in an answer. `encoding-type=url` allows keys that XML can't represent.
 *
 * @throws AwsError `InvalidArgument` for another encoding
 */
export function keyEncoder(query: Query): (key: string) => string {
  const type = query.get('encoding-type')
  if (type === undefined) return (key) => key
  if (type === 'url') return encodeUriPath
  throw new AwsError('InvalidArgument', 'Invalid Encoding Method specified in Request')
}
