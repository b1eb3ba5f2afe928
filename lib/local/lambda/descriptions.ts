import { LATEST, type LambdaFunction, LOCAL_ACCOUNT, runtimeName } from './lambda-function.ts'

/** A function as GetFunctionConfiguration and ListFunctions show it (AWS Lambda API Reference). */
export function describeFunctionConfiguration(fn: LambdaFunction) {
  return {
    FunctionName: fn.name,
    FunctionArn: fn.arn,
    Runtime: runtimeName(process.versions.node),
    Role: `arn:aws:iam::${LOCAL_ACCOUNT}:role/local`,
    Handler: fn.handler,
    Description: '',
    Timeout: fn.timeoutSeconds,
    MemorySize: fn.memoryMb,
    LastModified: fn.createdAt.toISOString().replace('Z', '+0000'),
    Version: LATEST,
    Environment: { Variables: fn.environment },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [process.arch === 'arm64' ? 'arm64' : 'x86_64'],
  }
}

/** A function as GetFunction shows it. */
export function describeFunctionDetails(fn: LambdaFunction) {
  const details = {
    Configuration: describeFunctionConfiguration(fn),
    Code: { RepositoryType: 'FileSystem', Location: fn.codeDir },
  }
  if (fn.reservedConcurrency === undefined) return details
  return { ...details, Concurrency: { ReservedConcurrentExecutions: fn.reservedConcurrency } }
}
