import { closeSync, fstatSync, readdirSync, readSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { bytesOf, ChunkPlaces, copyPiece } from '../../../lib/sandbox/executor/pieces.ts'
import { Pulls } from '../../../lib/sandbox/executor/pulls.ts'
import { ChunkFile } from '../../../lib/sandbox/parent/chunk-file.ts'
import { CHUNK_PLACES, FILED_CHUNK_BYTES } from '../../../lib/sandbox/wire/protocol.ts'

afterEach(() => vi.unstubAllEnvs())

describe('the file that a sandbox shares with its executor', () => {
  test('has no name, and takes pieces at any position', () => {
    const names = readdirSync(tmpdir())
    const file = ChunkFile.open()!
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('lander-') && !names.includes(name))).toEqual([])
    expect(file.write(FILED_CHUNK_BYTES, [Buffer.from('one '), Buffer.from('two')])).toBe(true)
    const piece = new ChunkPlaces(file.readable).piece(1, 7)
    expect(Buffer.from(bytesOf(piece)).toString()).toBe('one two')
    const target = Buffer.alloc(9, '.')
    copyPiece(piece, target.subarray(1, 8))
    expect(target.toString()).toBe('.one two.')
    file.closeReadable()
    file.close()
  })

  test('can not be written to by the executor', () => {
    const file = ChunkFile.open()!
    file.write(0, [Buffer.from('as it was')])
    expect(() => writeSync(file.readable, 'other')).toThrow('EBADF')
    const read = Buffer.alloc(9)
    readSync(file.readable, read, 0, 9, 0)
    expect(read.toString()).toBe('as it was')
    file.closeReadable()
    file.close()
  })

  test('reports a failed write, and is absent without a temporary folder', () => {
    const file = ChunkFile.open()!
    file.closeReadable()
    file.close()
    expect(file.write(0, [Buffer.from('nowhere')])).toBe(false)
    vi.stubEnv('TMPDIR', '/does/not/exist')
    expect(ChunkFile.open()).toBeUndefined()
  })

  test('has no open descriptor after it was closed', () => {
    const file = ChunkFile.open()!
    const { readable } = file
    file.closeReadable()
    file.close()
    expect(() => fstatSync(readable)).toThrow('EBADF')
    expect(() => closeSync(readable)).toThrow('EBADF')
  })
})

describe('the places in it', () => {
  const placesLeft = (places: ChunkPlaces): number => {
    const taken: number[] = []
    for (let place = places.take(); place !== undefined; place = places.take()) taken.push(place)
    for (const place of taken) places.giveBack(place)
    return new Set(taken).size
  }

  test('are all free again, whatever became of the pulls', () => {
    const places = new ChunkPlaces(9)
    const pulls = new Pulls(places)
    expect([pulls.next(), pulls.next(), pulls.next(), pulls.next()]).toEqual(
      [15, 14, 13, 12].map((place) => ({ place })),
    )
    expect(pulls.take({ filed: 3, last: false }, new Uint8Array())).toEqual({ fd: 9, place: 15, length: 3 })
    // Small enough to come by itself: its place is free at once.
    expect(pulls.take({ last: false }, Buffer.from('by itself'))).toEqual(Buffer.from('by itself'))
    expect(placesLeft(places)).toBe(CHUNK_PLACES - 3)
    const last = pulls.take({ filed: 5, last: true }, new Uint8Array())
    expect(placesLeft(places)).toBe(CHUNK_PLACES - 2)
    places.release(last)
    places.release({ fd: 9, place: 15, length: 3 })
    expect(placesLeft(places)).toBe(CHUNK_PLACES)
  })

  test('are freed by a stream that is closed', () => {
    const places = new ChunkPlaces(9)
    const pulls = new Pulls(places)
    pulls.next()
    pulls.next()
    pulls.end()
    expect(placesLeft(places)).toBe(CHUNK_PLACES)
  })

  test('are limited, and there are none without a file', () => {
    const many = new Pulls(new ChunkPlaces(9))
    const asked = Array.from({ length: CHUNK_PLACES + 1 }, () => many.next())
    expect(asked.at(-1)).toEqual({})
    expect(new Pulls(new ChunkPlaces(undefined)).next()).toEqual({})
  })
})
