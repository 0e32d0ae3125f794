import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir, type Log, once } from '../../../demo/services/cache.ts'

const run = promisify(execFile)

/** Why no image can be built here; null: it can. */
export function whyNoImage(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root, for chroot'
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'needs a mount namespace (unshare)'
  return spawnSync('debootstrap', ['--version']).status === 0 ? null : 'needs debootstrap'
}

/** A bare Debian, from the cache after the first time. */
async function bareDebian(log: Log): Promise<string> {
  return once(
    join(cacheDir(), 'debian-bookworm'),
    async (root) => {
      log('making a bare Debian, once: 1 to 2 minutes')
      await mkdir(root, { recursive: true })
      await run('debootstrap', ['--variant=minbase', 'bookworm', root], { maxBuffer: 1e8 })
    },
    log,
  )
}

/** Makes `root` what the base image is: Debian, Node with npm, and the user `node`. */
async function makeBase(debian: string, root: string): Promise<void> {
  await run('cp', ['--archive', '--reflink=auto', debian, root])
  const { stdout } = await run('bash', ['-c', 'realpath "$(command -v npm)"'])
  const [bin, modules] = [join(root, 'usr/local/bin'), join(root, 'usr/local/lib/node_modules')]
  await cp(process.execPath, join(bin, 'node'))
  await cp(join(stdout.trim(), '../..'), join(modules, 'npm'), { recursive: true })
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(bin, 'npm'))
  await run('chroot', [root, 'groupadd', '--gid', '1000', 'node'])
  await run('chroot', [root, 'useradd', '--uid', '1000', '--gid', 'node', '--create-home', 'node'])
}

export interface Image {
  /** The directory that is the root of the last stage. */
  root: string
  env: Record<string, string>
  workdir: string
  /** As `uid:gid`. */
  user: string
  command: string[]
  healthcheck: string[]
}

/** Takes the steps of the Dockerfile, one by one, in copies of a bare Debian below `dir`. */
export async function buildImage(dir: string, log: Log): Promise<Image> {
  const debian = await bareDebian(log)
  const text = (await readFile('Dockerfile', 'utf8')).replace(/^#.*\n/gm, '').replaceAll('\\\n', ' ')
  const roots: Record<string, string> = {}
  const image: Image = { root: '', env: {}, workdir: '/', user: '0:0', command: [], healthcheck: [] }
  let entrypoint: string[] = []
  for (const line of text.split('\n').filter(Boolean)) {
    const [, step = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    switch (step) {
      case 'FROM': {
        const name = /AS (\w+)/.exec(rest)?.[1] ?? 'last'
        Object.assign(image, { root: join(dir, name), env: {}, workdir: '/', user: '0:0' })
        roots[name] = image.root
        await makeBase(debian, image.root)
        break
      }
      case 'WORKDIR':
        image.workdir = rest
        await mkdir(join(image.root, rest), { recursive: true })
        break
      case 'ENV':
        for (const pair of rest.trim().split(/\s+/))
          image.env[pair.split('=')[0] as string] = pair.split('=')[1] as string
        break
      case 'COPY': {
        const [, from, paths = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? []
        const words = paths.trim().split(/\s+/)
        const target = words.pop() as string
        const place = target.startsWith('/')
          ? join(image.root, target)
          : join(image.root, image.workdir, target)
        for (const word of words) {
          const source = from ? join(roots[from] as string, word) : await includedIn(word)
          const to = words.length > 1 || target.endsWith('/') ? join(place, word) : place
          await mkdir(dirname(to), { recursive: true })
          await cp(source, to, { recursive: true, verbatimSymlinks: true })
        }
        break
      }
      case 'RUN':
        await inRoot(image, rest)
        break
      case 'USER':
        image.user = rest
        break
      case 'HEALTHCHECK':
        image.healthcheck = JSON.parse(/CMD (\[.*\])/.exec(rest)?.[1] ?? '[]')
        break
      case 'ENTRYPOINT':
        entrypoint = JSON.parse(rest)
        break
      case 'CMD':
        image.command = [...entrypoint, ...JSON.parse(rest)]
        break
      case 'LABEL':
      case 'VOLUME':
      case 'EXPOSE':
        break
      default:
        throw new Error(`the Dockerfile has a step that is not known here: ${line}`)
    }
  }
  return image
}

/** What .dockerignore keeps out can't be copied. It names what is let in. */
async function includedIn(path: string): Promise<string> {
  const [all, ...included] = (await readFile('.dockerignore', 'utf8'))
    .split('\n')
    .filter((line) => /^[^#]/.test(line))
  if (all !== '*' || !included.includes(`!${path}`)) throw new Error(`.dockerignore keeps ${path} out`)
  return path
}

/** npm finds what this machine's npm has in its cache; the network is this machine's. */
async function inRoot({ root, env, workdir, user }: Image, command: string): Promise<void> {
  const [registry, cache] = await Promise.all(
    ['registry', 'cache'].map(async (key) => (await run('npm', ['config', 'get', key])).stdout.trim()),
  )
  const script = `
    mkdir -p "$ROOT/npm-cache" && mount --bind "$CACHE" "$ROOT/npm-cache"
    mount --rbind /dev "$ROOT/dev" && mount -t proc proc "$ROOT/proc"
    cp /etc/resolv.conf /etc/hosts "$ROOT/etc/"
    [ -z "$NODE_EXTRA_CA_CERTS" ] || cp --dereference "$NODE_EXTRA_CA_CERTS" "$ROOT/npm-ca.pem"
    touch "$ROOT/npm-ca.pem"; export NODE_EXTRA_CA_CERTS=/npm-ca.pem
    exec chroot --userspec=${user} "$ROOT" /bin/sh -ec "cd $WORKDIR; $COMMAND"`
  const inside = {
    npm_config_registry: registry,
    npm_config_cache: '/npm-cache',
    npm_config_prefer_offline: 'true',
  }
  await run('unshare', ['--mount', '/bin/bash', '-ec', script], {
    maxBuffer: 1e8,
    env: {
      ...{
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        ...inside,
        ...env,
      },
      NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? '',
      ...{ ROOT: root, CACHE: cache as string, WORKDIR: workdir, COMMAND: command },
    },
  })
  for (const name of ['npm-cache', 'npm-ca.pem']) await rm(join(root, name), { recursive: true, force: true })
}

/**
 * The words that run a command in the image as `docker run --read-only --tmpfs /tmp --volume data:/data` does: a root that
 * can't be written to, the image's user, and nothing in the environment but the image's and what is given.
 */
export async function inContainer(
  image: Image,
  command: string[],
  options: { data: string; env: Record<string, string> },
): Promise<{ command: string; args: string[] }> {
  const script = join(options.data, '..', 'container.sh')
  await writeFile(
    script,
    `set -e
root=$1; data=$2; shift 2
mount --bind "$root" "$root"
mount --bind "$data" "$root/data"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -o remount,ro,bind "$root"
exec chroot --userspec=${image.user} "$root" /usr/bin/env --chdir=${image.workdir} --ignore-environment "$@"
`,
  )
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/node', ...image.env, ...options.env }
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const words = [script, image.root, options.data, ...settings, ...command]
  return { command: 'unshare', args: ['--mount', '/bin/bash', ...words] }
}
