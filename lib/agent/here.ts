import { type CsvBatch, type CsvOptions, type CsvRow, csvRows } from './csv.ts'
import { type KernelWorker, parallel } from './parallel.ts'
import { parse } from './prelude/captured.ts'
import { place } from './prelude/place.ts'
import { type OpenStream, onlyReply, openStream, replies } from './reading.ts'
import { createSequence, type Sequence } from './sequence.ts'
import { csvBatches, lineBatches, type ObjectInfo, openCsv, openLines, StoredObject } from './stored-object.ts'

/**
 * How many objects are opened ahead of the one being read. Small objects would otherwise wait for the store one by one.
 */
const OPEN_AHEAD = 4

/** The data of the place that the agent is in, as far as the bundle's scopes grant it. */
export interface Here {
  /** The region or client place; `'client'` on the caller's machine. */
  readonly region: string
  /** Every region of this mission. */
  readonly regions: readonly string[]

  /**
   * The objects of this place whose keys start with `prefix`, sorted by key. `s3://bucket/prefix` searches only one
   * bucket.
   */
  objects(prefix?: string): AsyncIterable<StoredObject>

  /** The object with this key. `s3://bucket/key` names the bucket too. @throws ObjectError `OBJECT_NOT_FOUND` */
  open(name: string): Promise<StoredObject>

  /** The lines of all objects whose keys start with `prefix`. */
  lines(prefix?: string): Sequence<string>

  /**
   * Runs `work` on as many items at once as the place has {@link KernelWorker}s, and returns the results in the order
   * of the items. If one item fails, no further items start, and its error is thrown.
   */
  parallel<Item, Result>(
    items: AsyncIterable<Item> | Iterable<Item>,
    work: (item: Item, worker: KernelWorker) => Result | Promise<Result>,
  ): Promise<Result[]>

  /** The CSV records of all objects whose keys start with `prefix`. Each object has its own header. */
  csv<NumberColumn extends string = never>(
    prefix?: string,
    options?: CsvOptions<NumberColumn>,
  ): Sequence<CsvRow<NumberColumn>, CsvBatch<NumberColumn>>
}

/**
 * The data of the place that the agent is in.
 *
 * @example
 * for await (const object of here.objects('2026/')) log(object.key, object.size)
 */
export const here: Here = Object.freeze({
  get region(): string {
    return place().region
  },
  get regions(): readonly string[] {
    return place().regions
  },
  objects: listObjects,
  open: openObject,
  parallel,
  lines: (prefix?: string) =>
    createSequence(
      () => linesBelow(prefix),
      (lines) => lines,
    ),
  csv: <NumberColumn extends string>(prefix?: string, options: CsvOptions<NumberColumn> = {}) =>
    createSequence(() => csvBelow(prefix, options), csvRows<NumberColumn>),
})

async function* listObjects(prefix = ''): AsyncGenerator<StoredObject, void, undefined> {
  for await (const { text } of replies(openStream({ from: 'list', prefix }, { as: 'pages' })))
    for (const info of parse(text!) as ObjectInfo[]) yield new StoredObject(info)
}

async function openObject(name: string): Promise<StoredObject> {
  const { text } = await onlyReply({ from: 'stat', name }, { as: 'pages' })
  return new StoredObject(parse(text!))
}

async function* linesBelow(prefix?: string): AsyncGenerator<readonly string[], void, undefined> {
  for await (const stream of openAhead(listObjects(prefix), openLines)) yield* lineBatches(stream)
}

async function* csvBelow<NumberColumn extends string>(
  prefix: string | undefined,
  options: CsvOptions<NumberColumn>,
): AsyncGenerator<CsvBatch<NumberColumn>, void, undefined> {
  const open = (object: ObjectInfo) => openCsv(object, options)
  for await (const stream of openAhead(listObjects(prefix), open)) yield* csvBatches<NumberColumn>(stream)
}

/** Opens every object {@link OPEN_AHEAD} objects before it is read. */
async function* openAhead(
  objects: AsyncIterable<ObjectInfo>,
  open: (object: ObjectInfo) => OpenStream,
): AsyncGenerator<OpenStream, void, undefined> {
  const ahead: OpenStream[] = []
  try {
    for await (const object of objects) {
      ahead.push(open(object))
      if (ahead.length > OPEN_AHEAD) yield ahead.shift()!
    }
    while (ahead.length > 0) yield ahead.shift()!
  } finally {
    for (const stream of ahead) stream.close()
  }
}
