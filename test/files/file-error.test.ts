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

test('says what is wrong with a path, with a remedy', async () => {
  const failures = [
    [readFile(join(dir, 'none')), 'FILE_NOT_FOUND', 'none'],
    [writeFile(join(dir, 'none/x'), ''), 'FILE_NOT_FOUND', 'no folder'],
    [writeFile(join(dir, 'file/x'), ''), 'FILE_UNUSABLE', 'is a file, not a folder'],
    [writeFile(dir, ''), 'FILE_UNUSABLE', 'is a folder'],
    [open(join(dir, 'file'), 'wx'), 'FILE_EXISTS', 'exists'],
    [writeFile(join(dir, 'x'.repeat(300)), ''), 'FILE_UNUSABLE', 'longer'],
  ] as const
  // All are listened to at once: one that fails while another is awaited would count as unhandled.
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

test('leaves other errors alone', () => {
  const own = new Error('own')
  expect(explainFileError(own)).toBe(own)
  const socket = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
  expect(explainFileError(socket, '/x')).toBe(socket)
})

test('makes a folder and those above it, and one that is there is as good', async () => {
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
