import type { Socket } from 'node:net'

/** The traffic of one link since the start, without the headers of TCP/IP. With TLS, the bytes before encryption count. */
export interface LinkTraffic {
  /** `client`, or a region code. */
  readonly from: string
  /** A region code. */
  readonly to: string
  readonly requests: number
  /** Bytes of requests, including their headers. */
  readonly bytesThere: number
  /** Bytes of answers, including their headers. */
  readonly bytesBack: number
}

/** Counts bytes for each link. The part of an answer that has been sent counts at once. */
export interface Meter {
  /** Counts the socket's bytes for a link from now on, starting with the request that was just received. */
  assign(socket: Socket, from: string, to: string): void
  /** All links that were used, in the order of their first use. */
  read(): readonly LinkTraffic[]
}

interface Account {
  readonly from: string
  readonly to: string
  requests: number
  bytesThere: number
  bytesBack: number
}

/** How many of a socket's bytes have been counted, and the link for the next ones. */
interface Booking {
  account: Account
  read: number
  written: number
}

export function createMeter(): Meter {
  const accounts = new Map<string, Account>()
  const bookings = new Map<Socket, Booking>()

  function accountOf(from: string, to: string): Account {
    const name = `${from} ${to}`
    const account = accounts.get(name) ?? { from, to, requests: 0, bytesThere: 0, bytesBack: 0 }
    accounts.set(name, account)
    return account
  }
  function settle(socket: Socket, booking: Booking): void {
    booking.account.bytesThere += socket.bytesRead - booking.read
    booking.account.bytesBack += socket.bytesWritten - booking.written
    booking.read = socket.bytesRead
    booking.written = socket.bytesWritten
  }
  function open(socket: Socket, account: Account): Booking {
    const booking = { account, read: 0, written: 0 }
    bookings.set(socket, booking)
    socket.once('close', () => {
      settle(socket, booking)
      bookings.delete(socket)
    })
    return booking
  }
  return {
    assign(socket, from, to) {
      const account = accountOf(from, to)
      account.requests++
      const booking = bookings.get(socket) ?? open(socket, account)
      booking.account = account
    },
    read() {
      for (const [socket, booking] of bookings) settle(socket, booking)
      return [...accounts.values()].map((account) => ({ ...account }))
    },
  }
}
