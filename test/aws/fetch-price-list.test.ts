import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PricingClient } from '@aws-sdk/client-pricing'
import { afterEach, describe, expect, it } from 'vitest'
import { fetchPriceList } from '../../lib/aws/fetch-price-list.ts'

/** Runs the real client against a test server that answers as the Price List API documents it. AWS is not called. */

const document = (attributes: Record<string, string>, usd: string) =>
  JSON.stringify({
    product: { attributes, sku: 'S' },
    terms: {
      OnDemand: { t: { priceDimensions: { d: { beginRange: '0', endRange: 'Inf', pricePerUnit: { USD: usd } } } } },
    },
  })

interface Query {
  readonly ServiceCode: string
  readonly NextToken?: string
  readonly Filters: readonly { readonly Field: string; readonly Value: string }[]
}

/** Two pages for pairs of regions, and one page for everything else. */
function answer({ Filters: [filter], NextToken }: Query) {
  const { Field, Value } = filter!
  if (Value === 'InterRegion Outbound') {
    const to = NextToken === undefined ? 'eu-west-1' : 'sa-east-1'
    const page = [document({ [Field]: Value, fromRegionCode: 'us-east-1', toRegionCode: to }, '0.02')]
    return NextToken === undefined ? { PriceList: page, NextToken: 'more' } : { PriceList: page }
  }
  return { PriceList: [document({ [Field]: Value, fromRegionCode: 'us-east-1', regionCode: 'us-east-1' }, '0.0001')] }
}

let server: Server | undefined
afterEach(() => server?.close())

async function clientOf(status: number, asked: Query[]): Promise<PricingClient> {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const query = JSON.parse(body) as Query
    asked.push(query)
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(status === 200 ? answer(query) : { __type: 'AccessDeniedException' }))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return new PricingClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'SECRET' },
    maxAttempts: 1,
  })
}

describe('fetching the price list', () => {
  it('asks for every kind of product, page by page', async () => {
    const asked: Query[] = []
    const client = await clientOf(200, asked)
    const { file, leftOut } = await fetchPriceList(client, new Date('2026-11-23T12:00:00Z'))
    client.destroy()
    expect(file.asOf).toBe('2026-11-23')
    expect(file.interRegionUsdPerGB).toEqual({ 'us-east-1': { 'eu-west-1': 0.02, 'sa-east-1': 0.02 } })
    expect(file.s3).toEqual({ 'us-east-1': { getUsdPer1000: 0.1, putUsdPer1000: 0.1 } })
    expect(leftOut).toEqual([])
    expect(asked.map(({ ServiceCode, NextToken }) => (NextToken ? `${ServiceCode} again` : ServiceCode))).toEqual([
      'AWSDataTransfer',
      'AWSDataTransfer again',
      'AWSDataTransfer',
      'AmazonS3',
      'AmazonS3',
      'AWSLambda',
      'AWSLambda',
      'AWSLambda',
      'AWSLambda',
    ])
  })

  it('names the missing permission', async () => {
    const client = await clientOf(400, [])
    await expect(fetchPriceList(client, new Date())).rejects.toThrow(
      expect.objectContaining({ code: 'FUNCTION_FAILED', remedy: expect.stringContaining('pricing:GetProducts') }),
    )
    client.destroy()
  })
})
