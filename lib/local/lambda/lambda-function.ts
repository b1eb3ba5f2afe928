/** A deployed function with all defaults filled in. */
export interface LambdaFunction {
  readonly name: string
  readonly arn: string
  readonly region: string
  /** The folder of the code. Instances run in it and read the code when they start. */
  readonly codeDir: string
  /** `file.export`, relative to `codeDir`. */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
  readonly memoryMb: number
  /** The most parallel calls; `undefined` if only the region's limit applies. */
  readonly reservedConcurrency: number | undefined
  readonly createdAt: Date
}

/** The only version of a local function. */
export const LATEST = '$LATEST'

/** A parsed reference to a function. */
export interface FunctionName {
  readonly name: string
  /** `undefined` if the reference has no region. */
  readonly region: string | undefined
  readonly qualifier: string | undefined
}

const NAME = /^(?<name>[a-zA-Z0-9-_]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/
const ARN =
  /^(?:arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):)?\d{12}:function:(?<name>[a-zA-Z0-9-_]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/

/**
 * Parses `name`, `name:qualifier`, `account:function:name`, or an ARN with or without a qualifier. It ignores the account,
 * because the local cloud has only one.
 *
 * @returns `undefined` for any other reference
 */
export function parseFunctionName(reference: string): FunctionName | undefined {
  const groups = (NAME.exec(reference) ?? ARN.exec(reference))?.groups
  if (groups === undefined) return undefined
  return { name: groups.name ?? '', region: groups.region, qualifier: groups.qualifier }
}

/** The account of all local functions. */
export const LOCAL_ACCOUNT = '000000000000'

export function functionArn(region: string, name: string): string {
  return `arn:aws:lambda:${region}:${LOCAL_ACCOUNT}:function:${name}`
}

/** The runtime's name, such as `nodejs20.x`. Functions run on the Node.js that runs the local cloud. */
export function runtimeName(nodeVersion: string): string {
  return `nodejs${nodeVersion.split('.')[0]}.x`
}
