/** llms.txt (llmstxt.org): the pages of the site for programs that read text, one line each. */

/** A page of the site in Markdown. */
export interface MarkdownPage {
  /** Where it lies on the site: `guide.md`. */
  readonly path: string
  readonly markdown: string
}

/** The first heading of a page. */
export function titleOf({ path, markdown }: MarkdownPage): string {
  return /^# (.+)$/m.exec(markdown)?.[1]?.replaceAll(/[`\\]/g, '') ?? path
}

/** Its first paragraph, as one line of plain text. */
export function summaryOf({ markdown }: MarkdownPage): string {
  const [, body = ''] = markdown.split(/^# .+$/m)
  const blocks = body.split(/\n\s*\n/).map((block) => block.trim())
  const paragraph = blocks.find((block) => /^(?!```)[*\p{L}`[]/u.test(block)) ?? ''
  return paragraph
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('**', '')
}

/** Pages under one heading. */
export interface Chapter {
  readonly name: string
  readonly pages: readonly MarkdownPage[]
}

/** The text of llms.txt. The start page gives it its title and its summary. */
export function llmsText(start: MarkdownPage, chapters: readonly Chapter[]): string {
  const lineOf = (page: MarkdownPage) =>
    [`- [${titleOf(page)}](${page.path})`, summaryOf(page)].filter((part) => part !== '').join(': ')
  const parts = chapters.map(({ name, pages }) => `## ${name}\n\n${pages.map(lineOf).join('\n')}`)
  return `${[`# ${titleOf(start)}`, `> ${summaryOf(start)}`, ...parts].join('\n\n')}\n`
}
