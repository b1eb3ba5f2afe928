import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeLock } from '../../lib/files/lock.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-lock-'))
  path = join(dir, 'lock')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const PARENT = process.ppid

test('leaves no file behind when it is released', async () => {
  const lock = await takeLock(path)
  expect(await readdir(dir)).toEqual(['lock'])
  await lock[Symbol.asyncDispose]()
  expect(await readdir(dir)).toEqual([])
})

test('is refused while a living process holds it', async () => {
  await writeFile(path, String(PARENT))
  await expect(takeLock(path)).rejects.toMatchObject({ code: 'LOCAL_RUNNING', remedy: expect.stringContaining(path) })
  expect(await readdir(dir)).toEqual(['lock'])
})

test('is taken over if its process is dead', async () => {
  const dead = spawn(process.execPath, ['-e', ''])
  await once(dead, 'exit')
  await writeFile(path, String(dead.pid))
  await using _lock = await takeLock(path)
  expect(await readdir(dir)).toEqual(['lock'])
})

test('is taken over if it is older than the boot, even if its process id is in use', async () => {
  await writeFile(path, String(PARENT))
  await utimes(path, 1, 1)
  await using _lock = await takeLock(path)
})

test('in a missing folder is a usage error', async () => {
  await expect(takeLock(join(dir, 'none/lock'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', situation: 'usage' })
})
