/**
 * What the author of an agent imports as `lander/agent`. In a place the sandbox provides it. Elsewhere only the types,
 * {@link agent} and the merge helpers work; the other functions throw an error that says so.
 *
 * @module lander/agent
 */
export { type KernelCode, KernelError, type ObjectCode, ObjectError } from '../errors.ts'
export { type Agent, type AgentContext, type AgentFunction, type AgentOptions, agent } from './agent.ts'
export { checkpoint } from './checkpoint.ts'
export type { Chunk } from './chunk.ts'
export type { CodedColumn, CsvBatch, CsvOptions, CsvRow } from './csv.ts'
export { fork, join } from './fork.ts'
export { type Here, here } from './here.ts'
export { at, hop } from './hop.ts'
export { type BundledKernel, defc, kernel } from './kernel.ts'
export type { KernelFunction, KernelFunctions, KernelValue } from './kernel-types.ts'
export { log, progress } from './log.ts'
export { sum } from './merge.ts'
export { type Message, receive, send } from './messages.ts'
export type { KernelWorker } from './parallel.ts'
export { type PlaceInfo, places } from './places.ts'
export { PlaceError } from './prelude/place-error.ts'
export type { Sequence } from './sequence.ts'
export { sleep } from './sleep.ts'
export type { ByteRange, ObjectInfo, StoredObject } from './stored-object.ts'
