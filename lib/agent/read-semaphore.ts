/** Limits how many whole objects are read at the same time, so that they do not exhaust the agent's memory. */

/** The total size of the objects that are read at the same time. A larger object is read alone. */
const BYTES_AT_ONCE = 8 * 1024 * 1024
const OBJECTS_AT_ONCE = 32

const queue: (() => void)[] = []
let bytesInside = 0
let objectsInside = 0

/** Runs `read` as soon as an object of this size fits into the limits. */
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
