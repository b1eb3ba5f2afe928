/** The language of a kernel's source. */
export type KernelLanguage = 'c' | 'assemblyscript'

/** The file extensions of the languages: `scan.c`, `mean.as.ts`. */
export const SOURCE_EXTENSIONS: Readonly<Record<KernelLanguage, string>> = { c: '.c', assemblyscript: '.as.ts' }

/** The largest source of a kernel, in bytes of UTF-8. */
export const MAX_SOURCE_BYTES = 256 * 1024

/** The language of a file, according to its name. */
export function languageOf(file: string): KernelLanguage | undefined {
  const languages = Object.keys(SOURCE_EXTENSIONS) as KernelLanguage[]
  return languages.find((language) => file.endsWith(SOURCE_EXTENSIONS[language]))
}
