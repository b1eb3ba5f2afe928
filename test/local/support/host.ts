/** Starts a cloud in its own process, with one instance that was invoked once, so that a test can kill it. */
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { startTestCloud } from './cloud.ts'

const local = await startTestCloud()
const fn = await local.deploy(`
  import { spawn } from 'node:child_process'
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  export const handler = async () => ({ parent: process.pid, child: child.pid })`)
const { Payload } = await local.lambda.send(new InvokeCommand({ FunctionName: fn.name }))
process.stdout.write(`${Payload?.transformToString()}\n`)
