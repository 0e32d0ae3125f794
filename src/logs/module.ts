/**
 * What a module of one's own may have: `open` where the logs come from, `parse` how they are read, or both. It is an ECMAScript
 * module below MODULE_ROOT, JavaScript or TypeScript, and runs in a thread of its own: only bytes and records come out of it.
 */
export interface LogModule {
  /** The objects that there are; without it there is one for the window. Those with a date are chosen by it. */
  list?(
    request: ListRequest,
  ): Iterable<ModuleObject> | AsyncIterable<ModuleObject> | Promise<Iterable<ModuleObject>>
  /** The logs of an object: bytes or text to be read by the monitor's format, or records as objects. */
  open?(request: OpenRequest): Iterable<LogPiece> | AsyncIterable<LogPiece> | Promise<Iterable<LogPiece>>
  /** The records in the (decompressed) bytes of an object. */
  parse?(
    chunks: AsyncIterable<Uint8Array>,
    request: ParseRequest,
  ): Iterable<LogRecord> | AsyncIterable<LogRecord> | Promise<Iterable<LogRecord>>
}

export type LogRecord = Record<string, unknown>
export type LogPiece = Uint8Array | string | LogRecord

export interface ModuleObject {
  key: string
  /** Bytes, if that is known. */
  size?: number
  /** `YYYY-MM-DD`; by default the one that the key pattern finds in the key. */
  date?: string
}

/** Calendar dates, `YYYY-MM-DD`, both included. */
export interface ModuleWindow {
  from: string
  to: string
}

export interface ListRequest {
  window: ModuleWindow
  /** `source.options` of the monitor. */
  options: Record<string, unknown>
}

export interface OpenRequest {
  key: string
  /** The object's date, if it has one. */
  date: string | null
  /** What is asked for; null where one object is read again by its key. */
  window: ModuleWindow | null
  options: Record<string, unknown>
}

export interface ParseRequest {
  key: string
  /** `format.options` of the monitor. */
  options: Record<string, unknown>
}
