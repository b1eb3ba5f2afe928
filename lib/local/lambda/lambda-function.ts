/** A function as the local Lambda holds it; every field has its value. */
export interface LambdaFunction {
  readonly name: string
  readonly arn: string
  readonly region: string
  /** The folder with the code; instances run in it, and read it when they start. */
  readonly codeDir: string
  /** `file.export`, relative to `codeDir`. */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
  readonly memoryMb: number
  /** Calls at a time; `undefined` leaves only the region's limit. */
  readonly reservedConcurrency: number | undefined
  readonly createdAt: Date
}

/** The one version a local function has. */
export const LATEST = '$LATEST'

/** What a caller of the Invoke API may name: the function, and the version if it says one. */
export interface FunctionName {
  readonly name: string
  /** `undefined` where the reference does not say. */
  readonly region: string | undefined
  readonly qualifier: string | undefined
}

const NAME = /^(?<name>[a-zA-Z0-9-_]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/
const ARN =
  /^(?:arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):)?\d{12}:function:(?<name>[a-zA-Z0-9-_]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/

/**
 * Reads `name`, `name:qualifier`, `account:function:name`, or a whole ARN with or without a qualifier.
 *
 * @returns `undefined` for anything else. The account is not looked at: the local cloud has one.
 */
export function parseFunctionName(reference: string): FunctionName | undefined {
  const groups = (NAME.exec(reference) ?? ARN.exec(reference))?.groups
  if (groups === undefined) return undefined
  return { name: groups.name ?? '', region: groups.region, qualifier: groups.qualifier }
}

/** The account every local function belongs to. */
export const LOCAL_ACCOUNT = '000000000000'

export function functionArn(region: string, name: string): string {
  return `arn:aws:lambda:${region}:${LOCAL_ACCOUNT}:function:${name}`
}

/** `AWS_Lambda_nodejs20.x` and the like: the Node.js that runs this cloud runs its functions too. */
export function runtimeName(nodeVersion: string): string {
  return `nodejs${nodeVersion.split('.')[0]}.x`
}
