/**
 * One word for each thing (docs/glossary.md): the words that it replaced are gone, from names, comments, messages and
 * pages. A word counts also inside a name, so `box` is found in `sealedBox`, and not in `sandbox`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/samples.ts'

interface Retired {
  /** The old words, in small letters, or what finds an old name. */
  readonly words: readonly string[] | RegExp
  readonly now: string
  readonly why: string
  /** Where the word is looked for; elsewhere it means something else. @default everywhere */
  readonly only?: RegExp
}

const RETIRED: readonly Retired[] = [
  { words: ['statement', 'statements'], now: 'manifest', why: 'in-toto and DSSE own "statement"' },
  {
    words: ['settle', 'settles', 'settled', 'settling'],
    now: 'finish',
    why: 'promises settle',
    only: /^(lib|test)\/(host|trust|relay|mission|places|e2e)\/|^(functions|cdk|docs)\//,
  },
  { words: ['settlement', 'settlements'], now: 'landing result', why: 'promises settle' },
  { words: ['letter', 'letters'], now: 'message', why: 'one word for one thing' },
  { words: /\bMail\b/, now: 'SignedMessages, Inbox', why: 'one word for one thing' },
  { words: ['box', 'boxes', 'boxed'], now: 'sealed state', why: 'a box is NaCl’s; some were only signed' },
  { words: ['parcel', 'parcels'], now: 'state reference', why: 'one word for one thing' },
  { words: ['homecoming', 'homecomings'], now: 'state export', why: 'data leaves a boundary' },
  { words: ['home', 'homes'], now: 'client', why: 'one name for the caller’s machine: lib/client-name.ts' },
  { words: /["'`]internet["'`]/, now: 'client', why: 'one name for the caller’s machine: lib/client-name.ts' },
  { words: /\bthis machine’s own\b|\bown-place\b/, now: 'client', why: 'one name for the caller’s machine' },
  { words: ['lane', 'lanes'], now: 'worker', why: 'SIMD has lanes' },
  {
    words: ['desk', 'desks'],
    now: 'KernelRuntime',
    why: 'invented',
    only: /^(lib|test)\/(agent|kernels|sandbox|host)\//,
  },
  { words: /\bKernelPort\b/, now: 'KernelRuntime', why: 'invented' },
  {
    words: ['crossing', 'crossings', 'realm', 'realms', 'voyage', 'voyages'],
    now: 'see the glossary',
    why: 'invented',
  },
  { words: /\b[Tt]akeIn\b|\btakes? in agents\b/, now: 'claim, admit', why: 'invented' },
  {
    words: /\b[Vv]isits?\b(?! *\()/,
    now: 'landing session',
    why: 'invented',
    only: /^(lib|test)\/(host|relay|places)\//,
  },
  { words: ['stage', 'stages', 'standing'], now: 'branch progress, next landing', why: 'invented', only: /^lib\// },
  { words: /(?<!round[ _-]?)(?<![a-z])trips?\b/i, now: 'journey', why: 'invented', only: /^lib\// },
  { words: ['leg', 'legs'], now: 'landing', why: 'invented' },
  { words: ['board', 'boards', 'boarding'], now: 'beforeLanding', why: 'invented', only: /^(lib|test)\/(?!gravity)/ },
  { words: /\bsendAway\b|\bleaveFor\b|\bsent away\b/, now: 'evict, moveTo', why: 'the cluster’s word is evict' },
  {
    words: ['freeze', 'freezes', 'freezing', 'froze', 'frozen', 'thaw', 'thaws', 'thawed', 'thawing', 'refreeze'],
    now: 'snapshot, suspend, restore',
    why: 'the field’s words; freeze is also SIGSTOP in the local Lambda',
  },
  { words: ['residue', 'residence'], now: 'wipe free memory, bucket region', why: 'not the verbs of the trade' },
  { words: /\bwhole-?[Ff]ile\b/, now: 'writeFileAtomically', why: 'not the verb of the trade' },
  {
    words: /\bhome-?[Tt]o-?[Bb]e\b|\bchoose-?[Ww]ay\b|\bplaced-?[Rr]un\b|\brunPlaced\b/,
    now: 'lazy client, choose mode, execute plan',
    why: 'not the verbs of the trade',
  },
  { words: /\bGRAVITY\b|\bagent\/admission\b/, now: 'SEVERITY, read-semaphore', why: 'other things have these names' },
  { words: /\b(state-box|homecoming-state|signed-state)\b/, now: 'trust/state/*', why: 'named by who can open it' },
  {
    words: /import \{[^}]*\b(process|thread|tasklet|region)\b[^}]*\} from 'lander'/,
    now: 'place.process(), place.thread(), …',
    why: '`process` shadows Node’s',
  },
]

interface Exception {
  /** What is meant, so that the word stands for something else. */
  readonly text: RegExp
  /** @default every file */
  readonly path?: RegExp
  readonly why: string
}

const EXCEPTIONS: readonly Exception[] = [
  { text: /\bnacl\.box\b/g, why: 'the name of NaCl’s function' },
  { text: /statements?/gi, path: /^(cdk|test\/cdk)\//, why: 'IAM policies have statements' },
  {
    text: /\bStatement\b/g,
    path: /^(test|lib)\/objects\/|^test\/e2e\/|^docs\/deploy\.md$/,
    why: 'IAM policies have statements',
  },
  { text: /statements?/gi, path: /^(lib|test)\/objects\/session-policy/, why: 'IAM policies have statements' },
  {
    text: /statements?/gi,
    path: /^lib\/(kernels\/assemblyscript\/|bundle\/scopes)/,
    why: 'syntax trees have statements',
  },
  { text: /\b(allSettled|whenSettled)\b/g, why: 'promises settle' },
  { text: /dead[ -]?letters?|deadletter\w*/gi, why: 'queues have dead letters' },
  {
    text: /\b(up to|lowercase|of|capital|or) \d* ?letters?\b|\bletters?,? (and|or|digits)\b|\bwith a letter\b/gi,
    why: 'letters of the alphabet',
  },
  { text: /\b(LANDER_HOME|landerHome|XDG_[A-Z]+_HOME|HOME|homedir)\b|\/home\b/g, why: 'the user’s folder' },
  {
    text: /'internet'/g,
    path: /^lib\/gravity\/(prices|price-list|cost|planner\/(plan-placement|scarcity))\.ts$/,
    why: 'a section of a price file, and a scarce resource',
  },
  { text: /"internet"/g, path: /^docs\/gravity\.md$/, why: 'a section of a price file' },
  { text: /\bObject\.(freeze|isFrozen)\b|\bsomething frozen\b/g, why: 'JavaScript freezes objects' },
  { text: /\b(freezes?|frozen)\b/gi, path: /^(lib|test)\/agent\/prelude\//, why: 'JavaScript freezes objects' },
  {
    text: /\b(freezes?|freezing|frozen|froze|thaws?|thawed)\b/gi,
    path: /^(lib|test)\/local\//,
    why: 'Lambda freezes an environment between runs; the local one sends SIGSTOP',
  },
  { text: /.*/g, path: /^docs\/decisions\/00(53|54)-/, why: 'says what the words were' },
]

const ROOTS = ['lib', 'functions', 'scripts', 'cdk', 'docs', 'README.md', 'CONTRIBUTING.md']
const TEXT = /\.(ts|mjs|md|sh|json|c)$/

interface Finding {
  readonly file: string
  readonly line: number
  readonly word: string
  readonly now: string
}

// docs/benchmarks.md has the names that the last full run of the benchmarks wrote.
const FILES = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...ROOTS], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter(
    (file) =>
      TEXT.test(file) &&
      !file.startsWith('docs/reference/') &&
      file !== 'docs/benchmarks.md' &&
      existsSync(join(ROOT, file)),
  )

const used = new Set<Exception>()
const findings = FILES.flatMap((file) => retiredIn(file, readFileSync(join(ROOT, file), 'utf8')))

/** The room of `lib`, or the folder at the top. */
const roomOf = (file: string): string =>
  file.startsWith('lib/') ? file.split('/').slice(0, 2).join('/') : file.split('/')[0]!
const ROOMS = [...new Set(FILES.map(roomOf))].sort()

describe('retired words', () => {
  test.each(ROOMS)('are gone from %s', (room) => {
    const left = findings.filter(({ file }) => roomOf(file) === room)
    expect(left.map(({ file, line, word, now }) => `${file}:${line}: ${word}, now ${now}`)).toEqual([])
  })

  test('have exceptions only where something needs them', () => {
    expect(EXCEPTIONS.filter((exception) => !used.has(exception)).map(({ text, why }) => `${text}: ${why}`)).toEqual([])
  })
})

describe('looking for retired words', () => {
  const wordsIn = (text: string, file = 'lib/a/b.ts') => retiredIn(file, text).map(({ word }) => word)

  test.each([
    ['const sealedBox = 1', 'box'],
    ['openBoxes()', 'boxes'],
    ['--place home', 'home'],
    ["import { process, tasklet } from 'lander'", "import { process, tasklet } from 'lander'"],
    ['lane.call(kernel)', 'lane'],
    ['SETTLEMENT_TYPE', 'settlement'],
  ])('finds one in %s', (text, word) => {
    expect(wordsIn(text)).toEqual([word])
  })

  test.each([
    'sandbox',
    'mailbox',
    'planes',
    'Promise.allSettled(all)',
    'LANDER_HOME',
    'up to 64 letters and digits',
    'a dead-letter queue',
  ])('finds none in %s', (text) => {
    expect(wordsIn(text)).toEqual([])
  })

  test('finds one in the name of a file', () => {
    expect(retiredIn('lib/client/lane-pool.ts', '')).toEqual([
      { file: 'lib/client/lane-pool.ts', line: 0, word: 'lane', now: 'worker' },
    ])
  })

  test('takes an exception only where it holds', () => {
    const text = '"Statement": []'
    expect(wordsIn(text, 'docs/deploy.md')).toEqual([])
    expect(wordsIn(text, 'lib/trust/order.ts')).toEqual(['statement'])
  })
})

/** Line 0 is the file's own name. */
function retiredIn(file: string, text: string): Finding[] {
  const retired = RETIRED.filter(({ only }) => only === undefined || only.test(file))
  return [file, ...text.split('\n')].flatMap((line, number) => {
    const plain = withoutExceptions(file, line)
    return retired.flatMap(({ words, now }) =>
      (words instanceof RegExp
        ? (words.exec(plain)?.slice(0, 1) ?? [])
        : wordsOf(plain).filter((word) => words.includes(word))
      ).map((word) => ({ file, line: number, word, now })),
    )
  })
}

function withoutExceptions(file: string, line: string): string {
  let plain = line
  for (const exception of EXCEPTIONS) {
    if (exception.path?.test(file) === false) continue
    const left = plain.replace(exception.text, ' ')
    if (left !== plain) used.add(exception)
    plain = left
  }
  return plain
}

/** The words of a line, names taken apart: `sealedBox`, `SEALED_BOX` and `sealed-box` are two words each. */
function wordsOf(line: string): string[] {
  return (line.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase())
}
