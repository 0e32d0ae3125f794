import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { OnReadOpts, Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** At 64 KiB reading takes a few hundredths more of the processor, at 256 KiB no less. */
const READ_BYTES = 1 << 17
/** As the SDK of AWS sets its own. */
const KEPT = { keepAlive: true, maxSockets: 50 }

/** Not imported, which takes 3 MB in each thread: `import` looks at all that it has, and so at all of Node's `fetch`. */
const http = () => process.getBuiltinModule('node:http')
const https = () => process.getBuiltinModule('node:https')

/**
 * Agents whose connections read into the same memory again and again: with new memory for each read, V8 looks for garbage all the time.
 * What a read brought is overwritten when Node's parser has gone through it, so they are only for where `copiesBodies`.
 */
export function reusingAgents(): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  return { httpAgent: reusing(new (http().Agent)(KEPT)), httpsAgent: reusing(new (https().Agent)(KEPT)) }
}

function reusing<A extends HttpAgent>(agent: A): A {
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, done) => {
    const connection: { socket?: Socket } = {}
    const socket = connect(Object.assign({}, options, { onread: readInto(connection) }), done)
    connection.socket = socket as Socket
    return socket
  }
  return agent
}

function readInto(connection: { socket?: Socket }): OnReadOpts {
  let memory = Buffer.allocUnsafeSlow(READ_BYTES)
  return {
    // asked for when the read before has been passed on
    buffer() {
      // a socket that does not flow keeps what it is given
      if (connection.socket?.readableLength) memory = Buffer.allocUnsafeSlow(READ_BYTES)
      return memory
    },
    callback: (length, bytes) => (connection.socket as Socket).push(bytes.subarray(0, length)),
  }
}

/**
 * Whether a response's body comes in memory of its own, not in that of its connection. Node's parser copies it, but nothing promises that
 * it always will.
 */
export async function copiesBodies(): Promise<boolean> {
  const body = 'x'.repeat(READ_BYTES)
  const text = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const answer = Buffer.alloc(text.length, text)
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const request = http().get({ createConnection: () => connection }, (response) =>
    response.once('data', resolve),
  )
  request.on('error', reject)
  connection.push(answer)
  const copies = await promise.then(
    ({ buffer }) => buffer !== answer.buffer,
    () => false,
  )
  connection.destroy()
  return copies
}
