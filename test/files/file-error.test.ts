import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explainFileError, makeFolder } from '../../lib/files/file-error.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-file-'))
  await writeFile(join(dir, 'file'), '')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, explainFileError)

test('reports what is wrong with a path, with a remedy', async () => {
  const failures = [
    [readFile(join(dir, 'none')), 'FILE_NOT_FOUND', 'none'],
    [writeFile(join(dir, 'none/x'), ''), 'FILE_NOT_FOUND', 'no folder'],
    [writeFile(join(dir, 'file/x'), ''), 'FILE_UNUSABLE', 'is a file, not a folder'],
    [writeFile(dir, ''), 'FILE_UNUSABLE', 'is a folder'],
    [open(join(dir, 'file'), 'wx'), 'FILE_EXISTS', 'exists'],
    [writeFile(join(dir, 'x'.repeat(300)), ''), 'FILE_UNUSABLE', 'longer'],
  ] as const
  // All promises get a handler at once. Otherwise a rejection while another is awaited counts as unhandled.
  const errors = await Promise.all(failures.map(([promise]) => failure(promise)))
  for (const [i, [, code, said]] of failures.entries()) {
    expect(errors[i]).toMatchObject({
      code,
      situation: 'usage',
      message: expect.stringContaining(said),
      remedy: expect.any(String),
    })
  }
})

test('keeps other errors', () => {
  const own = new Error('own')
  expect(explainFileError(own)).toBe(own)
  const socket = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
  expect(explainFileError(socket, '/x')).toBe(socket)
})

test('creates a folder and its parents, and accepts an existing one', async () => {
  await makeFolder(join(dir, 'a/b/c'))
  await makeFolder(join(dir, 'a/b/c'))
  expect((await stat(join(dir, 'a/b/c'))).isDirectory()).toBe(true)
  await expect(makeFolder(join(dir, 'file'))).rejects.toMatchObject({
    message: expect.stringContaining('not a folder'),
  })
  await expect(makeFolder(join(dir, 'file/below'))).rejects.toMatchObject({ code: 'FILE_UNUSABLE' })
})

test.runIf(process.platform === 'linux')('ends where the system makes no folders', async () => {
  await expect(makeFolder('/proc/lander/x')).rejects.toMatchObject({ situation: 'usage' })
})
