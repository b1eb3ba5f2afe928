import type { ObjectStore } from './store.ts'

/** A store over buckets of several regions: every call goes to the store of the region its bucket lies in. */
export function createRoutedStore(storeOf: (bucket: string) => ObjectStore | Promise<ObjectStore>): ObjectStore {
  return {
    stat: async (ref, signal) => (await storeOf(ref.bucket)).stat(ref, signal),
    async *list(query) {
      yield* (await storeOf(query.bucket)).list(query)
    },
    async *read(request) {
      yield* (await storeOf(request.bucket)).read(request)
    },
  }
}
