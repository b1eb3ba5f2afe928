import { Agent } from 'node:http'
import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** What one read takes at most: all that the system has waiting on a fast link; more gains nothing. */
const READ_BYTES = 512 * 1024

/**
 * Connections that read in large steps. Node reads a socket 64 KiB at a time, each into new memory, and what it does
 * for a piece (the allocation, a pass of the HTTP parser, an event) costs more than the bytes in it. Here every read of
 * a connection goes into the same memory: the parser copies what it hands on, so a piece may be overwritten as soon as
 * the parser returns.
 *
 * For plain HTTP alone: over TLS a piece is one record of at most 16 KiB, however it is read.
 */
export class WideAgent extends Agent {
  override createConnection(options: NetConnectOpts): Socket {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    const callback = (length: number) => socket.emit('data', buffer.subarray(0, length))
    const socket: Socket = connect({ ...options, onread: { buffer, callback } })
    return socket
  }
}
