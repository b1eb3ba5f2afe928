/** `TextEncoder` and `TextDecoder` for UTF-8, the only encoding in a place. The host converts at native speed. */
import { type CallReply, call } from './calls.ts'
import { BufferClass, isView } from './captured.ts'

export class TextEncoder {
  readonly encoding = 'utf-8'

  encode(text = ''): Uint8Array {
    const { bytes } = call('encode-utf8', `${text}`) as CallReply
    return new Uint8Array(bytes ?? new BufferClass(0))
  }
}

export class TextDecoder {
  readonly encoding = 'utf-8'
  readonly fatal: boolean

  /** @throws RangeError for any other encoding */
  constructor(label = 'utf-8', options: { readonly fatal?: boolean } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`a place decodes UTF-8 only, not "${label}"`)
    this.fatal = options.fatal === true
  }

  /** @throws TypeError if `fatal` and the bytes are not UTF-8 */
  decode(input: ArrayBuffer | ArrayBufferView = new BufferClass(0)): string {
    const bytes = isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input)
    if (bytes.length === 0) return ''
    const { text } = call('decode-utf8', this.fatal ? 'fatal' : '', bytes) as CallReply
    if (text === undefined) throw new TypeError('the bytes are not UTF-8')
    return text
  }
}
