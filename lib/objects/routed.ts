import type { ObjectStore } from './store.ts'

/** A store for buckets in several regions. It passes each call to the store that `storeOf` returns for the bucket. */
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
