import { PricingClient, paginateGetProducts } from '@aws-sdk/client-pricing'
import { UnreachableError } from '../errors.ts'
import { PRICE_QUERIES, type PriceList, type PriceQuery, readPriceList } from '../gravity/price-list.ts'

/** Only a few regions serve the Price List API; us-east-1 is one of them. */
const PRICE_LIST_REGION = 'us-east-1'

/** A client of the Price List API that uses the credentials of the environment. */
export const createPricingClient = (): PricingClient => new PricingClient({ region: PRICE_LIST_REGION })

/**
 * Fetches current list prices of transfer, S3 and Lambda in every region. The caller needs `pricing:GetProducts`;
 * the API is free of charge.
 *
 * @throws {UnreachableError} `FUNCTION_FAILED` if the API can't be called
 * @throws {UsageError} `PROBLEM_INVALID` if its answer can't be parsed
 */
export async function fetchPriceList(client: PricingClient, now: Date): Promise<PriceList> {
  const documents: unknown[] = []
  for (const query of PRICE_QUERIES) documents.push(...(await productsOf(client, query)))
  return readPriceList(documents, now.toISOString().slice(0, 10))
}

async function productsOf(client: PricingClient, { serviceCode, attributes }: PriceQuery): Promise<unknown[]> {
  const Filters = Object.entries(attributes).map(([Field, Value]) => ({ Type: 'TERM_MATCH' as const, Field, Value }))
  const documents: unknown[] = []
  try {
    const pages = paginateGetProducts({ client }, { ServiceCode: serviceCode, FormatVersion: 'aws_v1', Filters })
    for await (const { PriceList = [] } of pages)
      documents.push(...[...PriceList].map((text) => JSON.parse(String(text))))
  } catch (cause) {
    throw new UnreachableError('FUNCTION_FAILED', `the AWS Price List API did not return prices of ${serviceCode}`, {
      cause,
      remedy: 'check that the credentials are valid and allow pricing:GetProducts',
    })
  }
  return documents
}
