/** What a kernel's source is written in. */
export type KernelLanguage = 'c' | 'assemblyscript'

/** How a file of a language is called: `scan.c`, `mean.as.ts`. */
export const SOURCE_EXTENSIONS: Readonly<Record<KernelLanguage, string>> = { c: '.c', assemblyscript: '.as.ts' }

/** The most source of one kernel, in bytes of UTF-8. */
export const MAX_SOURCE_BYTES = 256 * 1024

/** The language of a file, by its name. */
export function languageOf(file: string): KernelLanguage | undefined {
  const languages = Object.keys(SOURCE_EXTENSIONS) as KernelLanguage[]
  return languages.find((language) => file.endsWith(SOURCE_EXTENSIONS[language]))
}
