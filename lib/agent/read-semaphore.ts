/** Lets whole objects in one after the other, as far as their bytes would crowd the memory. */

/** Bytes of whole objects on their way at the same time; a larger object goes alone. */
const BYTES_AT_ONCE = 8 * 1024 * 1024
const OBJECTS_AT_ONCE = 32

const queue: (() => void)[] = []
let bytesInside = 0
let objectsInside = 0

/** Runs `read` when there is room for `bytes`. */
export async function admit<T>(bytes: number, read: () => Promise<T>): Promise<T> {
  while (objectsInside > 0 && (bytesInside + bytes > BYTES_AT_ONCE || objectsInside >= OBJECTS_AT_ONCE))
    await new Promise<void>((resolve) => queue.push(resolve))
  bytesInside += bytes
  objectsInside++
  try {
    return await read()
  } finally {
    bytesInside -= bytes
    objectsInside--
    queue.shift()?.()
  }
}
