import { credentialScope } from './http/sigv4.ts'

/** Which part of the local cloud a request is for. */
export type Route =
  | { readonly kind: 'health' }
  | { readonly kind: 'links' }
  | { readonly kind: 'service'; readonly region: string; readonly service: ServiceName }
  | { readonly kind: 'unknownRegion'; readonly region: string; readonly service: string }
  | { readonly kind: 'unknownService'; readonly service: string }

export type ServiceName = 's3' | 'lambda'

/** What of a request decides about its way. An `IncomingMessage` fits. */
export type RoutedRequest = Parameters<typeof credentialScope>[0] & { readonly method?: string | undefined }

/**
 * One port serves every region and service: the scope of a request's signature says which one it is for. Paths below
 * `/_lander/` are the cloud's own; no bucket can have that name. An anonymous request can only mean S3.
 *
 * @param here The region that anonymous requests go to.
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
