/** The site of the documentation: the repository's own pages and the API reference, with search. `npm run docs` */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { anchorOf, deadAnchors, type Repository, siteLink, siteMarkdown, sitePathOf } from './links.ts'
import { llmsText, titleOf } from './llms.ts'

const ROOT = join(import.meta.dirname, '../..')
const { description, repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const REFERENCE = 'docs/reference'

/** Which page stands under which heading, in this order. Pages that nobody named here stand under "More". */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  Start: ['README.md', 'docs/guide.md', 'docs/install.md', 'examples/README.md'],
  'Write agents': ['docs/agent-api.md', 'docs/kernels.md', 'docs/mobility.md', 'docs/acceleration.md'],
  'Plan and run': ['docs/gravity.md', 'docs/cli.md', 'docs/receipts.md', 'docs/cost.md'],
  Operate: ['docs/deploy.md', 'docs/trust.md', 'docs/threat-model.md', 'SECURITY.md'],
  Inside: ['docs/architecture.md', 'docs/glossary.md', 'docs/wire-format.md', 'docs/benchmarks.md'],
  Project: ['CONTRIBUTING.md', 'CHANGELOG.md', 'CODE_OF_CONDUCT.md'],
}

/** A group of the sidebar with more pages than these is closed at first. */
const MOST_ITEMS = 10

const markdownIn = (folder: string): string[] =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md') && !name.startsWith('.vitepress'))
        .map((name) => `${folder}/${name}`)
        .sort()
    : []

const named = Object.values(SECTIONS).flat()
const reference = markdownIn(REFERENCE)
const decisions = markdownIn('docs/decisions')
const others = markdownIn('docs').filter((page) => ![...named, ...reference, ...decisions].includes(page))
const sections = {
  ...SECTIONS,
  ...(others.length > 0 && { More: others }),
  ...(decisions.length > 0 && { Decisions: decisions }),
}
const pages = [...Object.values(sections).flat(), ...reference]

const repositoryPages: Repository = {
  url: repository.url.replace(/^git\+|\.git$/g, ''),
  pages,
  kindOf: (path) => {
    const found = statSync(join(ROOT, path), { throwIfNoEntry: false })
    return found && (found.isDirectory() ? 'folder' : 'file')
  },
}

const readPage = (page: string) => ({ path: sitePathOf(page), markdown: readFileSync(join(ROOT, page), 'utf8') })

function sidebar(): DefaultTheme.SidebarItem[] {
  const item = (page: string) => ({ text: titleOf(readPage(page)), link: `/${sitePathOf(page)}` })
  const groups = Object.entries(sections).map(([text, members]) => ({
    text,
    items: members.map(item),
    // A long list would push everything below it out of sight.
    ...(members.length > MOST_ITEMS && { collapsed: true }),
  }))
  return [...groups, ...(reference.length > 0 ? [{ text: 'API reference', items: referenceItems() }] : [])]
}

/** As TypeDoc arranged it. */
function referenceItems(): DefaultTheme.SidebarItem[] {
  return JSON.parse(readFileSync(join(ROOT, REFERENCE, 'typedoc-sidebar.json'), 'utf8'))
}

export default defineConfig({
  title: 'Lander',
  description,
  lang: 'en',
  // The pages lie where people find them in the repository, so the whole repository is the source.
  srcDir: '..',
  srcExclude: ['{.ci,.github,bench,cdk,functions,lib,scripts,test}/**', 'examples/*/**'],
  rewrites: sitePathOf,
  outDir: '.vitepress/dist',
  cacheDir: '.vitepress/cache',
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      // Before VitePress looks at the links, and throws on those that lead to no page.
      md.core.ruler.push('repository-links', ({ tokens, env }) => {
        const page = relative(ROOT, env.realPath ?? env.path)
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null
          if (href !== null) token.attrSet('href', siteLink(page, href, repositoryPages))
        }
      })
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: sidebar(),
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repositoryPages.url }],
  },
  async buildEnd({ outDir }) {
    await requireAnchors(outDir)
    await writeTexts(outDir)
  },
})

async function requireAnchors(outDir: string): Promise<void> {
  const paths = pages.map((page) => `/${sitePathOf(page).replace(/md$/, 'html')}`)
  const built = await Promise.all(
    paths.map(async (path) => ({ path, html: await readFile(join(outDir, path), 'utf8') })),
  )
  const dead = deadAnchors(built)
  if (dead.length > 0) throw new Error(`anchors that no heading has:\n${dead.join('\n')}`)
}

/** llms.txt, and beside every page the Markdown that it was made from. */
async function writeTexts(outDir: string): Promise<void> {
  for (const page of pages) {
    const { path, markdown } = readPage(page)
    await mkdir(dirname(join(outDir, path)), { recursive: true })
    await writeFile(join(outDir, path), siteMarkdown(page, markdown, repositoryPages))
  }
  const chapters = Object.entries({ ...sections, 'API reference': reference })
  const text = llmsText(
    readPage('README.md'),
    chapters.map(([name, members]) => ({ name, pages: members.filter((page) => page !== 'README.md').map(readPage) })),
  )
  await writeFile(join(outDir, 'llms.txt'), text)
}
