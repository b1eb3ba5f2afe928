/** The floors of the house: who may import whom. docs/architecture.md draws them. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'

/** From the ground up. A room imports from floors below its own, and from rooms of its own floor never. */
const FLOORS: readonly (readonly string[])[] = [
  ['vocabulary'],
  ['encoding'],
  ['files'],
  ['config'],
  ['agent', 'gravity', 'objects'],
  ['kernels'],
  ['bundle'],
  ['trust'],
  ['sandbox/contract'],
  ['sandbox/wire'],
  ['sandbox/engine', 'sandbox/parent'],
  ['sandbox/executor'],
  ['assets', 'host', 'fleet'],
  ['author', 'relay'],
  ['client', 'aws'],
  ['places', 'mission'],
  ['estimate', 'operate'],
  ['run', 'local'],
  ['index', 'testing', 'cdk', 'functions'],
]

/** Packages that only these rooms may import, so that the rest does not depend on them. */
const PACKAGES: readonly (readonly [package_: RegExp, allowed: RegExp])[] = [
  [/^@aws-sdk\/client-/, /^lib\/(objects\/s3|fleet\/|aws\/)/],
  [/^quickjs-wasi/, /^lib\/sandbox\/engine\//],
  [/^esbuild$/, /^lib\/(bundle|assets)\//],
]

/** The parent, on the trusted side of the wall, shares nothing with the other side but contract and wire. */
const WALL: readonly (readonly [from: string, to: string])[] = [
  ['sandbox/parent', 'sandbox/engine'],
  ['sandbox/parent', 'sandbox/executor'],
]

const FILES = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'lib', 'functions', 'cdk'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts') && existsSync(file))

const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g

const imports = new Map(FILES.map((file) => [file, specifiersOf(file)]))

function specifiersOf(file: string): readonly string[] {
  const code = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  return [...code.matchAll(SPECIFIER)].map((match) => {
    return match[1]!.startsWith('.') ? join(dirname(file), match[1]!) : match[1]!
  })
}

function roomOf(file: string): string {
  const [top, room, inner] = file.split('/')
  if (top !== 'lib') return top!
  if (room === 'index.ts' || room === 'testing.ts') return room.slice(0, -3)
  if (room!.endsWith('.ts')) return 'vocabulary'
  return room === 'sandbox' ? `sandbox/${inner}` : room!
}

const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room))

const edges = [...imports].flatMap(([file, targets]) =>
  targets.filter((target) => imports.has(target)).map((target) => ({ file, target })),
)

describe('the house', () => {
  test('has a floor for every room', () => {
    expect([...new Set(FILES.map(roomOf))].filter((room) => floorOf(room) === -1)).toEqual([])
  })

  test('has rooms that import from the floors below only', () => {
    const broken = edges.filter(({ file, target }) => {
      const [from, to] = [roomOf(file), roomOf(target)]
      return from !== to && floorOf(to) >= floorOf(from)
    })
    expect(broken.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  test('has no circle of files', () => {
    expect(circlesOf(imports)).toEqual([])
  })

  test.each(WALL)('has a wall: %s imports nothing of %s', (from, to) => {
    const broken = edges.filter(({ file, target }) => roomOf(file) === from && roomOf(target) === to)
    expect(broken).toEqual([])
  })

  test.each(PACKAGES)('keeps %s in its rooms', (package_, allowed) => {
    const users = [...imports].filter(([, targets]) => targets.some((target) => package_.test(target)))
    expect(users.length).toBeGreaterThan(0)
    expect(users.map(([file]) => file).filter((file) => !allowed.test(file))).toEqual([])
  })

  test('finds a circle where there is one', () => {
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', []],
    ])
    expect(circlesOf(circle)).toEqual([['a', 'b', 'c']])
  })
})

/** Groups of files that reach each other, by Tarjan's algorithm. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  function visit(file: string): void {
    order.set(file, order.size)
    lowest.set(file, order.get(file)!)
    stack.push(file)
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue
      if (!order.has(target)) visit(target)
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return circles
}
