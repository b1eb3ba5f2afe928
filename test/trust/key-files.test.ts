import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toBase64url } from '../../lib/encoding/base64url.ts'
import { readKeyFile, readPublicKeyFile, writeKeyFiles } from '../../lib/trust/key-files.ts'
import { alice, bob } from './fixture.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lander-keys-'))
  path = join(folder, 'alice.key')
})
afterEach(() => rm(folder, { recursive: true }))

const seed = toBase64url(alice.secretKey.subarray(0, 32))
const privateText = (changes: object) =>
  JSON.stringify({ type: 'lander-private-key-v1', keyId: alice.keyId, seed, ...changes })

describe('key files', () => {
  test('are read as they were written, the private one by its owner alone', async () => {
    await writeKeyFiles(path, alice)
    expect((await readKeyFile(path)).secretKey).toEqual(alice.secretKey)
    expect(await readPublicKeyFile(`${path}.pub`)).toEqual({ keyId: alice.keyId, publicKey: alice.publicKey })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('hold the secret in the private one only', async () => {
    await writeKeyFiles(path, alice)
    expect(await readFile(path, 'utf8')).toContain(seed)
    expect(await readFile(`${path}.pub`, 'utf8')).not.toContain(seed)
  })

  test('are never overwritten', async () => {
    await writeKeyFiles(path, alice)
    await expect(writeKeyFiles(path, bob)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect((await readKeyFile(path)).keyId).toBe(alice.keyId)
  })

  test('leave no private key behind when the public file exists', async () => {
    await writeFile(`${path}.pub`, 'something else')
    await expect(writeKeyFiles(path, alice)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readFile(`${path}.pub`, 'utf8')).toBe('something else')
  })

  test('are not written through a link', async () => {
    await symlink(join(folder, 'elsewhere'), path)
    await expect(writeKeyFiles(path, alice)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await expect(stat(join(folder, 'elsewhere'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test.each([0o640, 0o604, 0o660, 0o610])('are refused when others may use the private one (mode %o)', async (mode) => {
    await writeKeyFiles(path, alice)
    await chmod(path, mode)
    const refusal = { code: 'KEY_FILE_INVALID', remedy: expect.stringContaining('chmod 600') }
    await expect(readKeyFile(path)).rejects.toMatchObject(refusal)
  })

  test('of the other kind are named as such, whatever their mode', async () => {
    await writeKeyFiles(path, alice)
    await expect(readKeyFile(`${path}.pub`)).rejects.toMatchObject({
      code: 'KEY_FILE_INVALID',
      message: expect.stringContaining('is a public key'),
      remedy: expect.stringContaining(`"${path}"`),
    })
    const refusal = { code: 'KEY_FILE_INVALID', message: expect.stringContaining('is a private key') }
    await expect(readPublicKeyFile(path)).rejects.toMatchObject(refusal)
  })

  test('can not be in a missing folder, and can not be a folder', async () => {
    const nowhere = join(folder, 'none/k')
    const refusal = { code: 'FILE_NOT_FOUND', message: `there is no folder "${join(folder, 'none')}"` }
    await expect(writeKeyFiles(nowhere, alice)).rejects.toMatchObject(refusal)
    await expect(readKeyFile(folder)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' })
  })

  test('that are missing are named in the error', async () => {
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(readPublicKeyFile(path)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test.each([
    ['another type', privateText({ type: 'lander-public-key-v1' })],
    ['the id of another key', privateText({ keyId: bob.keyId })],
    ['a short seed', privateText({ seed: seed.slice(4) })],
    ['a seed in another base64', privateText({ seed: `${seed}=` })],
    ['an unknown field', privateText({ comment: '' })],
    ['a field twice', privateText({}).replace('{', `{"keyId":"${bob.keyId}",`)],
    ['too much white space', privateText({}) + ' '.repeat(5000)],
    ['no JSON', seed],
    ['nothing', ''],
  ])('with %s are refused, and the error does not hold the secret', async (_, text) => {
    await writeFile(path, text, { mode: 0o600 })
    const error = await readKeyFile(path).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'KEY_FILE_INVALID' })
    expect(inspect(error, { showHidden: true })).not.toContain(seed.slice(4, 12))
  })

  test('with a weak public key are refused', async () => {
    const publicKey = toBase64url(Uint8Array.of(1, ...new Uint8Array(31)))
    await writeFile(path, JSON.stringify({ type: 'lander-public-key-v1', keyId: alice.keyId, publicKey }))
    await expect(readPublicKeyFile(path)).rejects.toMatchObject({ code: 'KEY_FILE_INVALID' })
  })

  test('are not confused with each other', async () => {
    await writeKeyFiles(path, alice)
    await expect(readPublicKeyFile(path)).rejects.toMatchObject({ code: 'KEY_FILE_INVALID' })
    await chmod(`${path}.pub`, 0o600)
    await expect(readKeyFile(`${path}.pub`)).rejects.toMatchObject({ code: 'KEY_FILE_INVALID' })
  })
})
