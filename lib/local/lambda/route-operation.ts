import { invalidParameter, unknownOperation } from './faults.ts'

/** An operation of the Lambda API. */
export type Operation =
  | { readonly kind: 'list' }
  | {
      readonly kind: 'get' | 'getConfiguration' | 'invoke' | 'invokeStreaming'
      /** A name or an ARN. */
      readonly reference: string
      readonly qualifier: string | undefined
    }

type OnFunction = Exclude<Operation, { kind: 'list' }>['kind']

const ROUTES: readonly { readonly kind: OnFunction; readonly method: string; readonly path: RegExp }[] = [
  { kind: 'get', method: 'GET', path: /^\/2015-03-31\/functions\/([^/]+)$/ },
  { kind: 'getConfiguration', method: 'GET', path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/ },
  { kind: 'invoke', method: 'POST', path: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/ },
  {
    kind: 'invokeStreaming',
    method: 'POST',
    path: /^\/2021-11-15\/functions\/([^/]+)\/response-streaming-invocations$/,
  },
]

/**
 * The operation for a method and a request target.
 *
 * @throws ServiceFault UnknownOperationException for operations that the local Lambda does not implement
 */
export function routeLambda(method: string, url: string): Operation {
  const [path = '', query = ''] = url.split('?')
  if (method === 'GET' && /^\/2015-03-31\/functions\/?$/.test(path)) return { kind: 'list' }
  const route = ROUTES.find((one) => one.method === method && one.path.test(path))
  const reference = route?.path.exec(path)?.[1]
  if (route === undefined || reference === undefined) throw unknownOperation(method, path)
  const qualifier = new URLSearchParams(query).get('Qualifier') ?? undefined
  return { kind: route.kind, reference: decode(reference), qualifier }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidParameter(`"${text}" is not well encoded`)
  }
}
