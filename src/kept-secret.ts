import { randomBytes } from 'node:crypto'
import * as files from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, ConfigurationError } from './config.ts'

/** A configuration with the generated secrets in it. */
export type ServiceConfig = Config & { readonly secretKey: string }

/** The part of node:fs/promises that keeping a secret needs. */
export type SecretFiles = Pick<typeof files, 'mkdir' | 'readFile' | 'writeFile' | 'link' | 'rm' | 'open'>

/** Adds the secrets that the environment leaves out: made once and kept in the data directory. */
export async function withKeptSecrets(config: Config, fs: SecretFiles = files): Promise<ServiceConfig> {
  const { dataDir } = config
  const webhookSecrets =
    config.webhookSecrets.length > 0
      ? config.webhookSecrets
      : Object.freeze([await keepSecret(dataDir, 'webhook-secret', { fs })])
  const secretKey = config.secretKey ?? (await keepSecret(dataDir, 'secret-key', { fs }))
  return Object.freeze({ ...config, webhookSecrets, secretKey })
}

/**
 * The secret `name` of a data directory: 43 random characters, made at the first call and the same ever after, also
 * when several processes make the first call at once. Only its owner may read the file. Throws a ConfigurationError
 * where the directory can't be used.
 */
export async function keepSecret(
  dataDir: string,
  name: 'webhook-secret' | 'secret-key',
  { fs = files }: { fs?: SecretFiles } = {},
): Promise<string> {
  const path = join(dataDir, name)
  try {
    const kept = await readKept(path, fs)
    if (kept !== null) return kept
    await fs.mkdir(dataDir, { recursive: true })
    await makeSecret(path, fs)
    await syncDirectory(dataDir, fs)
    const made = await readKept(path, fs)
    if (made === null) throw new Error('it vanished after it was written')
    return made
  } catch (error) {
    const variable = name.toUpperCase().replace('-', '_')
    throw new ConfigurationError([
      `${variable}: expected in the environment or in ${path}, which can't be used (${(error as Error).message}); ` +
        'mend the file, make DATA_DIR writable, or set the variable',
    ])
  }
}

async function readKept(path: string, fs: SecretFiles): Promise<string | null> {
  const content = await fs.readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (content === null) return null
  if (content.trim() === '') throw new Error('the file is empty')
  return content.trim()
}

async function makeSecret(path: string, fs: SecretFiles): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const secret = randomBytes(32).toString('base64url')
  try {
    await fs.writeFile(draft, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true })
    // A link, unlike a rename, fails when another process was first; and nobody ever reads half a file.
    await fs.link(draft, path).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await fs.rm(draft, { force: true })
  }
}

/** After a power failure the database may still hold what was encrypted: then the key must be there too. */
async function syncDirectory(path: string, fs: SecretFiles): Promise<void> {
  const directory = await fs.open(path, 'r')
  await directory.sync().finally(() => directory.close())
}
