/**
 * Intrinsics as they were before the author's code ran. What the prelude does for the host uses these, so a polyfill
 * or a prank can't change what a result or an error looks like.
 */
const { apply } = Reflect

export const { parse, stringify } = JSON
export const { isArray } = Array
export const { defineProperty, freeze, getPrototypeOf, create, hasOwn } = Object
export const isView = ArrayBuffer.isView
export const MapClass = Map
export const SetClass = Set
export const BufferClass = ArrayBuffer
export const PromiseClass = Promise
export const ErrorClass = Error
export const asText = String

const promiseThen = Promise.prototype.then
const stringSlice = String.prototype.slice

/** `promise.then(…)`, whatever `then` has become. Named otherwise, since a module that exports `then` is a thenable. */
export function whenSettled(
  promise: unknown,
  onValue: (value: never) => unknown,
  onError: (error: unknown) => unknown,
): void {
  apply(promiseThen, promise, [onValue, onError])
}

/** The first `length` code units. */
export function head(text: string, length: number): string {
  return apply(stringSlice, text, [0, length])
}
