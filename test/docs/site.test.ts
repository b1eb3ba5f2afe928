/** What the site of the documentation does with pages that are written for the repository. `npm run docs` builds it. */
import { describe, expect, test } from 'vitest'
import { deadAnchors, type Repository, siteLink, siteMarkdown, sitePathOf } from '../../docs/.vitepress/links.ts'
import { llmsText, summaryOf, titleOf } from '../../docs/.vitepress/llms.ts'

const repository: Repository = {
  url: 'https://example.com/lander',
  pages: ['README.md', 'docs/guide.md', 'docs/decisions/0001-engine.md', 'examples/README.md'],
  kindOf: (path) => (({ lib: 'folder', 'lib/limits.ts': 'file', LICENSE: 'file' }) as const)[path],
}

test('README.md files are the start pages of their folders, and docs/ is the top', () => {
  const paths = ['README.md', 'examples/README.md', 'docs/guide.md', 'docs/decisions/0001-engine.md', 'CHANGELOG.md']
  expect(paths.map(sitePathOf)).toEqual([
    'index.md',
    'examples/index.md',
    'guide.md',
    'decisions/0001-engine.md',
    'CHANGELOG.md',
  ])
})

describe('a link', () => {
  test.each([
    ['README.md', 'docs/guide.md#hop', '/guide.md#hop'],
    ['docs/guide.md', '../README.md', '/index.md'],
    ['docs/guide.md', '../examples/README.md', '/examples/index.md'],
    ['docs/guide.md', 'decisions/0001-engine.md', '/decisions/0001-engine.md'],
    ['docs/decisions/0001-engine.md', '../guide.md', '/guide.md'],
  ])('from %s to %s leads to the page on the site', (page, target, link) => {
    expect(siteLink(page, target, repository)).toBe(link)
  })

  test.each([
    ['docs/guide.md', '../lib/limits.ts', 'https://example.com/lander/blob/main/lib/limits.ts'],
    ['docs/guide.md', '../lib/', 'https://example.com/lander/tree/main/lib'],
    ['README.md', 'LICENSE', 'https://example.com/lander/blob/main/LICENSE'],
  ])('from %s to %s, which is no page, leads to the repository', (page, target, link) => {
    expect(siteLink(page, target, repository)).toBe(link)
  })

  test.each(['#hop', 'https://example.org/a', 'mailto:a@example.org', '/guide.md'])(
    'to %s stays as it is',
    (target) => {
      expect(siteLink('docs/guide.md', target, repository)).toBe(target)
    },
  )

  test.each(['fly.md', '../../README.md', '../lib/fly.ts'])('to %s, which is not there, is an error', (target) => {
    expect(() => siteLink('docs/guide.md', target, repository)).toThrow(
      `docs/guide.md links to ${target}, which is not there`,
    )
  })

  test('in fenced code is no link', () => {
    const markdown = 'See [guide](docs/guide.md).\n\n```js\n[a](fly.md)\n```\n\n[limits](lib/limits.ts)\n'
    expect(siteMarkdown('README.md', markdown, repository)).toBe(
      'See [guide](/guide.md).\n\n```js\n[a](fly.md)\n```\n\n[limits](https://example.com/lander/blob/main/lib/limits.ts)\n',
    )
  })
})

describe('an anchor', () => {
  const page = (path: string, html: string) => ({ path, html })

  test('that an element of its page has is alive', () => {
    const guide = page('/guide.html', '<h2 id="hop">Hop</h2> <a href="#hop"> <a href="/index.html#why"> <a href="/">')
    const start = page('/index.html', '<h2 id="why">Why</h2> <a href="./guide.html#hop"> <a href="https://a.org/#b">')
    expect(deadAnchors([guide, start])).toEqual([])
  })

  test('that no element has is dead', () => {
    const guide = page('/guide.html', '<h2 id="hop">Hop</h2> <a href="#fly"> <a href="/index.html#hop">')
    expect(deadAnchors([guide, page('/index.html', '')])).toEqual(['/guide.html: #fly', '/guide.html: /index.html#hop'])
  })
})

describe('llms.txt', () => {
  const start = { path: 'index.md', markdown: '# Lander\n\n**Lander moves\ncode** to [data](a.md).\n\nMore.\n' }
  const cli = {
    path: 'cli.md',
    markdown: '# `lander`\n\n```sh\nnpm ci\n```\n\n| a |\n\n`lander --help` says it all.\n',
  }

  test('has a line for every page, with its title and its first paragraph', () => {
    expect(llmsText(start, [{ name: 'Run', pages: [cli] }])).toBe(
      '# Lander\n\n> Lander moves code to data.\n\n## Run\n\n- [lander](cli.md): `lander --help` says it all.\n',
    )
  })

  test('names a page without a heading by its path, and says no more of it', () => {
    const page = { path: 'a.md', markdown: 'nothing\n' }
    expect(titleOf(page)).toBe('a.md')
    expect(summaryOf(page)).toBe('')
    expect(llmsText(start, [{ name: 'Run', pages: [page] }])).toMatch(/\n- \[a\.md\]\(a\.md\)\n$/)
  })
})
