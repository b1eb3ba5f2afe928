/** What a repository says about itself outside of its pages. */
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/samples.ts'

const ADDRESS = /github\.com\/[\w-]+\/lander(?![\w-])/g

test('the repository has one address, that of package.json', async () => {
  const { repository } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const [address] = repository.url.match(ADDRESS)
  const files = execFileSync('git', ['ls-files', '*.md', '*.json', '.github'], { cwd: ROOT, encoding: 'utf8' })
  const named = await Promise.all(files.trim().split('\n').map(addressesIn))
  expect(new Set(named.flat())).toEqual(new Set([address]))
})

async function addressesIn(file: string): Promise<string[]> {
  return (await readFile(join(ROOT, file), 'utf8')).match(ADDRESS) ?? []
}

test('what every change has to pass is what CI runs', async () => {
  const workflow = await readFile(join(ROOT, '.github/workflows/ci.yml'), 'utf8')
  const scripts = Object.keys(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).scripts)
  const run = await readFile(join(ROOT, '.ci/run'), 'utf8')
  expect(workflow).toContain('bash .ci/run')
  for (const [, script] of run.matchAll(/npm run (?:--silent )?([\w:]+)/g)) expect(scripts).toContain(script)
})
