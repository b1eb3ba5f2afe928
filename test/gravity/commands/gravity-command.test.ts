import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gravityCommand } from '../../../scripts/commands/gravity-command.ts'

let dir: string
let out: string
let notes: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lander-gravity-'))
  vi.stubEnv('LANDER_HOME', dir)
  out = ''
  notes = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    notes += text
    return true
  })
})

afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await rm(dir, { recursive: true })
})

async function gravity(...args: string[]): Promise<void> {
  const command = gravityCommand()
  for (const each of [command, ...command.commands]) each.exitOverride().configureOutput({ outputError: () => {} })
  await command.parseAsync(args, { from: 'user' })
}

const file = async (name: string, value: unknown) => {
  const path = join(dir, name)
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

const problem = {
  groups: [
    { region: 'us-east-1', bytes: 2e12, resultBytes: 1e6 },
    { region: 'eu-west-2', bytes: 1e12, resultBytes: 1e6 },
  ],
  agentBytes: 50_000,
  client: 'us-east-1',
  compute: { workers: 64 },
}

describe('lander gravity time', () => {
  it('prints seconds and days as one document', async () => {
    await gravity('time', '--bytes', '1TiB', '--link', '100Mbps', '--utilisation', '0.8', '--json')
    expect(JSON.parse(out)).toEqual({ seconds: 109_951.162_777_6, days: expect.closeTo(1.27, 2) })
  })

  it('prints a sentence for people', async () => {
    await gravity('time', '--bytes', '20GB', '--link', '1Gbps')
    expect(out).toBe('20 GB over 1 Gbps: 2 min 40 s\n')
  })

  it.each([
    [['--bytes', '-1', '--link', '1Gbps']],
    [['--bytes', 'NaN', '--link', '1Gbps']],
    [['--bytes', '1e30PB', '--link', '1Gbps']],
    [['--bytes', '1GB', '--link', '1000']],
    [['--bytes', '1GB', '--link', '1Gbps', '--utilisation', '1.5']],
  ])('refuses %j', async (args) => {
    await expect(gravity('time', ...args)).rejects.toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }))
    expect(out).toBe('')
  })
})

describe('lander gravity cost', () => {
  it('prints money and its lines as one document, warnings aside', async () => {
    await gravity('cost', '--bytes', '1TiB', '--from', 'us-east-1', '--to', 'eu-west-1', '--json')
    expect(JSON.parse(out)).toMatchObject({
      usd: 20.48,
      lines: [{ what: 'transfer of 1.1 TB from us-east-1 to eu-west-1', usd: 20.48 }],
      pricesAsOf: '2023-04-27',
    })
    expect(notes).toContain('warning: prices of transfer between regions')
  })

  it('adds requests and compute, and takes the month into account', async () => {
    const uses = ['--gets', '1000000', '--puts', '1000', '--gb-seconds', '1000', '--invocations', '10']
    await gravity('cost', '--bytes', '1GiB', '--from', 'us-east-1', '--sent-this-month', '20TiB', ...uses, '--json')
    expect(JSON.parse(out).usd).toBeCloseTo(0.085 + 0.4 + 0.005 + 0.0133334 + 2e-6)
  })

  it('rests on a price file where there is one', async () => {
    const prices = { source: 'mine', asOf: '2026-11-01', interRegionUsdPerGB: { 'us-east-1': { 'eu-west-1': 0.01 } } }
    const told = ['--prices', await file('mine.json', prices)]
    await gravity('cost', '--bytes', '1TiB', '--from', 'us-east-1', '--to', 'eu-west-1', '--json', ...told)
    expect(JSON.parse(out)).toMatchObject({ usd: 10.24, pricesAsOf: '2026-11-01' })
    await expect(gravity('cost', '--from', 'us-east-1', '--to', 'eu-west-2', ...told)).rejects.toThrow(
      expect.objectContaining({ code: 'PRICE_UNKNOWN' }),
    )
  })

  it('uses refreshed prices without being told', async () => {
    const prices = { source: 'mine', asOf: '2026-11-01', interRegionUsdPerGB: { 'us-east-1': { 'eu-west-1': 0.01 } } }
    await file('prices.json', prices)
    await gravity('cost', '--bytes', '1TiB', '--from', 'us-east-1', '--to', 'eu-west-1', '--json')
    expect(JSON.parse(out).usd).toBe(10.24)
  })

  it.each(['abc', '-1', '', '1MB', 'Infinity'])('refuses %j as a count, with a remedy about counts', async (count) => {
    await expect(gravity('cost', '--from', 'us-east-1', `--gets=${count}`)).rejects.toThrow(
      expect.objectContaining({ code: 'USAGE', remedy: expect.stringContaining('a number') }),
    )
  })

  it('refuses a region nobody knows and a file nobody wrote', async () => {
    await expect(gravity('cost', '--from', 'mars-1')).rejects.toThrow(
      expect.objectContaining({ code: 'REGION_UNKNOWN' }),
    )
    await expect(gravity('cost', '--from', 'us-east-1', '--prices', join(dir, 'none.json'))).rejects.toThrow(
      expect.objectContaining({ code: 'FILE_NOT_FOUND' }),
    )
    await expect(gravity('cost', '--from', 'us-east-1', '--prices', await file('bad.json', '{'))).rejects.toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID' }),
    )
  })
})

describe('lander gravity plan', () => {
  it('prints the plan as one document', async () => {
    await gravity('plan', '--problem', await file('problem.json', problem), '--json')
    const plan = JSON.parse(out)
    expect(plan).toMatchObject({ feasible: true, optimal: true, gap: 0, mergeRegion: 'us-east-1' })
    expect(plan.assignments).toEqual([
      { group: 0, name: 'us-east-1', region: 'us-east-1' },
      { group: 1, name: 'eu-west-2', region: 'eu-west-2' },
    ])
    expect(process.exitCode).toBeUndefined()
  })

  it('explains it to people', async () => {
    await gravity('plan', '--problem', await file('problem.json', problem))
    expect(out).toContain('What would change the decision')
  })

  it('ends with 1 and the reason where there is no plan', async () => {
    await gravity('plan', '--problem', await file('problem.json', problem), '--deadline', '10s', '--json')
    expect(JSON.parse(out)).toMatchObject({ feasible: false, reasons: [expect.stringContaining('deadline')] })
    expect(process.exitCode).toBe(1)
  })

  it('plans for time within a budget', async () => {
    await gravity('plan', '--problem', await file('problem.json', problem), '--budget', '$30', '--json')
    expect(JSON.parse(out)).toMatchObject({ objective: 'time', feasible: true })
  })

  it('shows the frontier', async () => {
    await gravity('plan', '--problem', await file('problem.json', problem), '--frontier', '--json')
    expect(JSON.parse(out)[0]).toMatchObject({ usd: expect.any(Number), seconds: expect.any(Number) })
  })

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no groups', { agentBytes: 1, client: 'us-east-1' }],
    ['empty data', { ...problem, groups: [] }],
  ])('refuses %s', async (_name, value) => {
    await expect(gravity('plan', '--problem', await file('problem.json', value))).rejects.toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID' }),
    )
  })
})

describe('lander gravity curve', () => {
  it('writes the picture and the page', async () => {
    const [svg, html] = [join(dir, 'curve.svg'), join(dir, 'curve.html')]
    await gravity('curve', '--svg', svg, '--html', html, '--json')
    expect(await readFile(svg, 'utf8')).toMatch(/^<svg /)
    expect(await readFile(html, 'utf8')).toContain('<svg ')
    expect(JSON.parse(out).lines).toHaveLength(3)
  })

  it('says where it can’t write', async () => {
    await expect(gravity('curve', '--svg', join(dir, 'no', 'such', 'curve.svg'))).rejects.toThrow("can't be written")
  })
})
