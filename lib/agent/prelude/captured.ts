/**
 * The intrinsics as they were before the author's code ran. What the prelude does for the host uses only these, so a
 * polyfill, or a malicious agent, can't change how a result or an error is reported.
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

/** `promise.then(…)` with the original `then`. A module that exported the name `then` would itself be a thenable. */
export function whenSettled(
  promise: unknown,
  onValue: (value: never) => unknown,
  onError: (error: unknown) => unknown,
): void {
  apply(promiseThen, promise, [onValue, onError])
}

/** The first `length` UTF-16 code units. */
export function head(text: string, length: number): string {
  return apply(stringSlice, text, [0, length])
}
