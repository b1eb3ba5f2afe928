import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packSigned } from '../../lib/author/pack-signed.ts'
import { kernelDeclarations } from '../../lib/bundle/kernel-declarations.ts'
import { packAgent } from '../../lib/bundle/pack.ts'
import { KernelError } from '../../lib/errors.ts'
import { wasmModule, wasmWith } from '../support/wasm.ts'
import { alice, logs } from '../trust/fixture.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-pack-kernels-'))
  process.env.XDG_CACHE_HOME = join(dir, 'cache')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function source(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(dir, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const SCAN = `#include <stddef.h>
static int is(char a, char b) { return a == b; }
size_t scan(const char *text, size_t length) {
  size_t n = 0;
  for (size_t i = 0; i < length; i++) n += is(text[i], '\\n');
  return n;
}
`
const MEAN = `export function mean(xs: Float64Array): f64 {
  let total: f64 = 0
  for (let i = 0; i < xs.length; i++) total += xs[i]
  return total / xs.length
}
`
const agentOf = (imports: string, body: string) =>
  `import { agent, defc, kernel } from 'lander/agent'\n${imports}\nexport default agent(async (n: number) => { ${body} })\n`

describe('an agent imports', () => {
  test('functions in C', async () => {
    await source('scan.c', SCAN)
    const path = await source('c.ts', agentOf("import { scan } from './scan.c'", 'return scan'))
    const { code, kernels } = await packAgent({ path })
    expect(code).toContain('scan:"size_t(const char*, size_t)"')
    expect(code).not.toContain('#include')
    expect(kernels).toMatchObject([{ name: 'scan', source: { text: SCAN, language: 'c' } }])
    expect(WebAssembly.Module.exports(new WebAssembly.Module(kernels[0]!.binary))).toContainEqual({
      name: 'scan',
      kind: 'function',
    })
  })

  test('functions in AssemblyScript', async () => {
    await source('mean.as.ts', MEAN)
    const path = await source('as.ts', agentOf("import { mean } from './mean.as.ts'", 'return mean'))
    const { code, kernels } = await packAgent({ path })
    expect(code).toContain('mean:"double(const double*, size_t)"')
    expect(kernels).toMatchObject([{ name: 'mean', source: { language: 'assemblyscript' } }])
  })

  test('a binary', async () => {
    await source('table.wasm', wasmModule())
    const body = "return await kernel(table, { same: 'int(int)' })"
    const { code, kernels } = await packAgent({
      path: await source('binary.ts', agentOf("import table from './table.wasm'", body)),
    })
    expect(code).toContain('{kernel:"table"}')
    expect(kernels).toEqual([{ name: 'table', binary: wasmModule(), file: 'table.wasm' }])
  })

  test('functions that declaration files describe for editors', async () => {
    await source('typed/scan.c', SCAN)
    await source('typed/table.wasm', wasmModule())
    const imports = "import { scan } from './scan.c'\nimport table from './table.wasm'"
    const { kernels } = await packAgent({
      path: await source('typed/agent.ts', agentOf(imports, 'return [scan, table]')),
    })
    const [scan, table] = kernels.map(kernelDeclarations)
    expect(scan).toMatchObject({ file: 'scan.d.c.ts' })
    expect(scan?.text).toContain("export declare const scan: KernelFunction<'size_t(const char*, size_t)'>")
    expect(table).toMatchObject({ file: 'table.d.wasm.ts', text: expect.stringContaining('export default kernel') })
  })

  test('no function that is static or has unsupported types', async () => {
    await source('scan.c', SCAN)
    await source('points.c', 'struct p { int x; };\nint width(struct p *a) { return a->x; }\n')
    const hidden = await source('static.ts', agentOf("import { is } from './scan.c'", 'return is'))
    const struct = await source('struct.ts', agentOf("import { width } from './points.c'", 'return width'))
    await expect(packAgent({ path: hidden })).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      message: expect.stringContaining('No matching export in "scan.c" for import "is"'),
      remedy: expect.stringContaining('not static'),
    })
    await expect(packAgent({ path: struct })).rejects.toMatchObject({
      message: expect.stringContaining('struct p *a'),
    })
  })

  test('no source that does not compile: the error names the author’s file', async () => {
    await source('wrong/scan.c', 'int f(int x) {\n  return x + y;\n}\n')
    await source('wrong/mean.as.ts', 'export function f(x: i32): i32 {\n  return "x"\n}\n')
    await source('wrong/stdio.c', '#include <stdio.h>\nint f(void) { return 1; }\n')
    const pack = async (name: string, file: string) =>
      packAgent({ path: await source(`wrong/${name}.ts`, agentOf(`import { f } from './${file}'`, 'return f')) })
    await expect(pack('c', 'scan.c')).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
      message: "scan.c:2:14: error: use of undeclared identifier 'y'",
    })
    await expect(pack('as', 'mean.as.ts')).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
      message: expect.stringMatching(/^mean\.as\.ts:2:10: error: /),
    })
    await expect(pack('header', 'stdio.c')).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
      message: expect.stringContaining("stdio.c:1:10: fatal error: 'stdio.h' file not found"),
      remedy: expect.stringContaining('math.h'),
    })
  })

  test('no binary that a place refuses', async () => {
    await source('start.wasm', wasmWith([8, [0]]))
    const path = await source('start.ts', agentOf("import k from './start.wasm'", 'return k'))
    await expect(packAgent({ path })).rejects.toMatchObject({ code: 'KERNEL_MALFORMED' })
  })

  test('a function with any name that C allows', async () => {
    await source('delete.c', 'int delete(int x) { return x; }\n')
    const imports = "import { delete as remove } from './delete.c'"
    const { code } = await packAgent({ path: await source('delete.ts', agentOf(imports, 'return remove')) })
    expect(code).toContain('delete:"int(int)"')
  })

  test('no two kernels with the same name', async () => {
    await source('scan.c', SCAN)
    await source('other/scan.c', SCAN)
    const imports = "import { scan } from './scan.c'\nimport { scan as two } from './other/scan.c'"
    const path = await source('two.ts', agentOf(imports, 'return [scan, two]'))
    await expect(packAgent({ path })).rejects.toMatchObject({
      code: 'AGENT_INVALID',
      message: 'other/scan.c and scan.c would be kernels of the same name',
    })
  })
})

describe('a literal defc', () => {
  const FIB = 'int fib(int x) { return x < 2 ? x : fib(x - 1) + fib(x - 2); }'

  test('is moved out of the module, and the source map stays correct', async () => {
    const body = `const fib = await defc('fib', 'int(int)', \`\n${FIB}\n\`); return fib(n) + missing()`
    const { code, map, kernels } = await packAgent({ path: await source('fib.ts', agentOf('', body)) })
    expect(code).toContain('("fib","int(int)",{kernel:"fib"})')
    expect(kernels).toMatchObject([{ name: 'fib', source: { text: `\n${FIB}\n`, language: 'c' } }])
    const before = code.slice(0, code.indexOf('missing()')).split('\n')
    const at = originalPositionFor(new TraceMap(map), { line: before.length, column: before.at(-1)!.length })
    expect(at).toMatchObject({ source: 'fib.ts', line: 5, column: '`); return fib(n) + '.length })
  })

  test('with the same source is one kernel; with the same name and another source it is two', async () => {
    await source('fib.c', FIB)
    const twice = `defc('fib', 'int(int)', '${FIB}')`
    const other = `defc('fib', 'int(int)', 'int fib(int x) { return x; }')`
    const body = `return [await ${twice}, await ${twice}, await ${other}, fib]`
    const path = await source('fibs.ts', agentOf("import { fib } from './fib.c'", body))
    const { code, kernels } = await packAgent({ path })
    expect(kernels.map(({ name }) => name)).toEqual(['fib', 'fib-2', 'fib-3'])
    expect(code.match(/kernel:"fib-2"/g)).toHaveLength(2)
  })

  test('is found under another local name, and a lookalike is ignored', async () => {
    const text = `import * as lander from 'lander/agent'
const local = (defc: (...all: string[]) => string) => defc('fib', 'int(int)', 'not C')
const made = (name: string) => lander.defc(name, 'int(int)', '${FIB}')
export default lander.agent(async () => {
  const fib = await lander.defc('fib', 'int(int)', '${FIB}')
  return [local((...all) => all.join()), made('a'), fib(1)]
})
`
    const { code, kernels } = await packAgent({ path: await source('names.ts', text) })
    expect(kernels.map(({ name }) => name)).toEqual(['fib'])
    expect(code).toContain('not C')
    expect(code).toMatch(/defc\(\w+,"int\(int\)",("|`)int fib/)
  })

  test('that does not compile is reported at its position in the agent', async () => {
    const body = `\n  const f = await defc('f', 'int(int)', \`int f(int x) {\n    return y;\n}\`)\n  return f(n)`
    await expect(packAgent({ path: await source('wrong.ts', agentOf('', body)) })).rejects.toMatchObject({
      code: 'KERNEL_COMPILE_FAILED',
      message: "wrong.ts:5:12: error: use of undeclared identifier 'y'",
    })
  })

  test.each([
    ['that is of another type than its function', 'int(double)', '"f" has the type (i32) → (i32)'],
    ['without its function', 'int(int)', 'the kernel has no function "g"'],
    ['that is none', 'int', 'the prototype'],
  ])('with a prototype %s is refused', async (_, prototype, message) => {
    const name = message.includes('"g"') ? 'g' : 'f'
    const body = `return await defc('${name}', '${prototype}', 'int f(int x) { return x; }')`
    const error = await packAgent({ path: await source('proto.ts', agentOf('', body)) }).catch((e) => e)
    expect(error).toBeInstanceOf(KernelError)
    expect(error).toMatchObject({ code: 'KERNEL_PROTOTYPE', message: expect.stringContaining(message) })
  })
})

describe('kernels travel', () => {
  const THIRTY = readFileSync(new URL('../../bench/kernels/thirty.c', import.meta.url), 'utf8')
  const pack = async (kernels: 'binary' | 'source' | 'both') => {
    await source('thirty.c', THIRTY)
    const path = await source('thirty.ts', agentOf("import { fields } from './thirty.c'", 'return fields'))
    return packSigned(path, alice, { scopes: [logs], kernels, now: 0 })
  }

  test.each([
    ['binary', ['main.js', 'thirty.wasm']],
    ['source', ['main.js', 'thirty.c']],
    ['both', ['main.js', 'thirty.wasm', 'thirty.c']],
  ] as const)('as %s, and the manifest names them', async (form, names) => {
    const { manifest } = await pack(form)
    expect(manifest.entries.map(({ name }) => name)).toEqual(names)
    for (const { stored } of manifest.entries) expect(stored).toBeLessThanOrEqual(1024)
  })

  test('as the same bytes for every packing', async () => {
    expect(await pack('both')).toEqual(await pack('both'))
  })
})
