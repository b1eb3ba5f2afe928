/** Links of the pages, and the paths that they name in code, lead somewhere in this checkout. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'
import { anchorOf } from '../../docs/.vitepress/links.ts'
import { ROOT } from '../support/samples.ts'

const PAGES = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((page) => page !== '' && !page.startsWith('docs/reference/') && existsSync(join(ROOT, page)))

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')

describe('the pages', () => {
  test.each(PAGES)('%s has links that lead somewhere', (page) => {
    expect(linksIn(read(page)).filter((target) => !leadsSomewhere(page, target))).toEqual([])
  })

  test.each(PAGES)('%s names files that are there', (page) => {
    expect(pathsIn(read(page)).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('of the architecture have every room of lib, in the table and in the picture', () => {
    const rooms = execFileSync('git', ['ls-files', 'lib'], { cwd: ROOT, encoding: 'utf8' })
      .split('\n')
      .filter((file) => existsSync(join(ROOT, file)))
      .flatMap((file) => /^lib\/([\w-]+)\//.exec(file)?.[1] ?? [])
    const [page, picture] = [read('docs/architecture.md'), read('docs/floors.svg')]
    const missing = [...new Set(rooms)].filter((room) => !page.includes(`${room}/`) || !picture.includes(`${room}`))
    expect(missing).toEqual([])
  })

  test('of the glossary have their words in order, each once', () => {
    const words = [...read('docs/glossary.md').matchAll(/^\| ([\w -]+) \|/gm)].map(([, word]) => word!).slice(1)
    expect(words.length).toBeGreaterThan(50)
    expect(words).toEqual([...new Set(words)].sort((a, b) => a.localeCompare(b, 'en')))
  })

  test('of the decisions are all in the index', () => {
    const decisions = PAGES.flatMap((page) => /^docs\/decisions\/(\d{4}-.*)$/.exec(page)?.[1] ?? [])
    const linked = linksIn(read('docs/decisions/README.md')).filter((target) => /^\d{4}-/.test(target))
    expect(linked.sort()).toEqual(decisions.sort())
  })
})

describe('looking for dead links', () => {
  test('finds links and pictures, and leaves other sites alone', () => {
    expect(linksIn('[a](b.md) ![c](d.svg) [e](https://f.g)\n```\n[h](i.md)\n```')).toEqual(['b.md', 'd.svg'])
  })

  test('finds a missing file and a missing heading', () => {
    expect(leadsSomewhere('docs/guide.md', '../README.md#deploy')).toBe(true)
    expect(leadsSomewhere('docs/guide.md', '../README.md#fly')).toBe(false)
    expect(leadsSomewhere('docs/guide.md', 'fly.md')).toBe(false)
  })

  test('finds paths of this repository, and leaves patterns alone', () => {
    expect(pathsIn('`lib/fly.ts` `npx tsx bench/hop.ts --quick` `test/x/y.test.ts` `objects/s3*.ts` `lib/`')).toEqual([
      'lib/fly.ts',
      'bench/hop.ts',
      'lib/',
    ])
  })
})

/** What a page links to in this checkout. */
function linksIn(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
}

/** Paths below one of the repository’s folders that stand in code: `x/y.test.ts` is a pattern. */
function pathsIn(markdown: string): string[] {
  const code = [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!)
  return code
    .flatMap((text) => text.match(/(?<![\w./@-])(?:lib|functions|scripts|cdk|test|examples|bench)\/[\w./*-]*/g) ?? [])
    .filter((path) => !/\*|\/x\//.test(path))
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  if (!existsSync(join(ROOT, file))) return false
  return anchor === undefined || anchorsIn(read(file)).includes(anchor)
}

const anchorsIn = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!))
