import { credentialScope } from './http/sigv4.ts'

/** The part of the local cloud that a request is for. */
export type Route =
  | { readonly kind: 'health' }
  | { readonly kind: 'links' }
  | { readonly kind: 'service'; readonly region: string; readonly service: ServiceName }
  | { readonly kind: 'unknownRegion'; readonly region: string; readonly service: string }
  | { readonly kind: 'unknownService'; readonly service: string }

export type ServiceName = 's3' | 'lambda'

/** The parts of a request that decide its route. An `IncomingMessage` is one. */
export type RoutedRequest = Parameters<typeof credentialScope>[0] & { readonly method?: string | undefined }

/**
 * Routes a request. One port serves all regions and services; the scope of the signature selects one. Paths below
 * `/_lander/` belong to the local cloud, because no bucket can have that name. Anonymous requests go to S3.
 *
 * @param here the region of anonymous requests
 */
export function routeRequest(request: RoutedRequest, regions: readonly string[], here: string): Route {
  const own = /^\/_lander\/(health|links)$/.exec(request.url ?? '')?.[1] as 'health' | 'links' | undefined
  if (request.method === 'GET' && own !== undefined) return { kind: own }
  const scope = credentialScope(request)
  if (scope === undefined) return { kind: 'service', region: here, service: 's3' }
  const { region, service } = scope
  if (service !== 's3' && service !== 'lambda') return { kind: 'unknownService', service }
  return regions.includes(region) ? { kind: 'service', region, service } : { kind: 'unknownRegion', region, service }
}
