import type { OperationId } from '../contract/types.ts'

const KB = 1024
const MB = 1024 * KB

/** Holds a labeling config, which may have a million characters of up to three bytes. */
const USUAL = 4 * MB

const OTHERS: Partial<Record<OperationId, number>> = {
  createSession: 16 * KB,
  createRun: 64 * KB,
  previewMonitor: 64 * KB,
  // Label Studio sends 5,000 tasks in one body, 3.5 MB of short texts; longer ones must fit too.
  receiveWebhook: 50 * MB,
  receiveWebhookBySecret: 50 * MB,
  predict: 50 * MB,
  predictBySecret: 50 * MB,
}

/** How large a body a call takes, in bytes after decompression. */
export function bodyLimitOf(id: OperationId): number {
  return OTHERS[id] ?? USUAL
}
