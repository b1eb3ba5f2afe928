/**
 * Links of the pages, as they have to be on the site. In the repository a page links to files as they lie there; on the
 * site `docs/` is gone from the paths, README.md is the start page, and what is no page stays in the repository.
 */
import { posix } from 'node:path'

/** The files of the repository, so far as links can lead to them. Paths are relative to its root. */
export interface Repository {
  /** Where people see it: `https://github.com/OWNER/NAME`. */
  readonly url: string
  /** The Markdown files that the site shows. */
  readonly pages: readonly string[]
  readonly kindOf: (path: string) => 'file' | 'folder' | undefined
}

/** Where the site has a page: `README.md` becomes `index.md`, `docs/guide.md` becomes `guide.md`. */
export function sitePathOf(page: string): string {
  return page.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md')
}

/**
 * What a link of a page has to be on the site. Links within a page and to other sites stay as they are.
 *
 * @param page the page's path in the repository
 * @throws Error when the link leads nowhere
 */
export function siteLink(page: string, target: string, { url, pages, kindOf }: Repository): string {
  if (/^([a-z]+:|#|\/)/i.test(target)) return target
  const [path = '', anchor] = target.split('#')
  const file = posix.join(posix.dirname(page), decodeURI(path)).replace(/\/$/, '')
  const hash = anchor === undefined ? '' : `#${anchor}`
  if (pages.includes(file)) return `/${sitePathOf(file)}${hash}`
  const kind = kindOf(file)
  if (kind === undefined || file.startsWith('..')) throw new Error(`${page} links to ${target}, which is not there`)
  return `${url}/${kind === 'folder' ? 'tree' : 'blob'}/main/${file}${hash}`
}

/** A page's Markdown with the links it has on the site. Fenced code stays as it is. */
export function siteMarkdown(page: string, markdown: string, repository: Repository): string {
  const codeOrLink = /^```[\s\S]*?^```$|(?<=\]\()[^()\s]+(?=\))/gm
  return markdown.replace(codeOrLink, (found) => (found.startsWith('```') ? found : siteLink(page, found, repository)))
}

/** The anchor of a heading, as GitHub makes it: links work alike in the repository and on the site. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** A page as it was built. */
export interface BuiltPage {
  /** Its address on the site: `/guide.html`. */
  readonly path: string
  readonly html: string
}

/** Links that lead to an anchor which no element of the page has, as `PAGE: LINK`. */
export function deadAnchors(built: readonly BuiltPage[]): string[] {
  const anchors = new Map(built.map(({ path, html }) => [path, new Set(valuesOf('id', html))]))
  return built.flatMap(({ path, html }) =>
    valuesOf('href', html).flatMap((link) => {
      const { origin, pathname, hash } = new URL(link, `http://site${path}`)
      const known = origin === 'http://site' ? anchors.get(pathname.replace(/\/$/, '/index.html')) : undefined
      const found = known === undefined || hash === '' || known.has(decodeURIComponent(hash.slice(1)))
      return found ? [] : [`${path}: ${link}`]
    }),
  )
}

function valuesOf(attribute: 'id' | 'href', html: string): string[] {
  const values = html.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, 'g'))
  return [...values].map(([, value]) => value!.replaceAll('&amp;', '&'))
}
