import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import wabt from 'wabt'

const SOURCE = 'skim.wat'
const MODULE = 'skim-module.ts'
const inLogs = (name: string) => fileURLToPath(new URL(`../src/logs/${name}`, import.meta.url))

/** The TypeScript that holds what `skim.wat` is assembled to. */
async function assemble(): Promise<string> {
  const { parseWat } = await wabt()
  const parsed = parseWat(SOURCE, await readFile(inLogs(SOURCE), 'utf8'), { simd: true })
  const bytes = Buffer.from(parsed.toBinary({}).buffer).toString('base64')
  const lines = bytes.match(/.{1,100}/g)?.map((line) => `  '${line}',`)
  return [
    `/** GENERATED from ${SOURCE} by \`npm run wasm\`: the WebAssembly module that searches logs, in base64. */`,
    'export const SKIM_MODULE = [',
    ...(lines ?? []),
    `].join('')\n`,
  ].join('\n')
}

const made = await assemble()
if (!process.argv.includes('--check')) await writeFile(inLogs(MODULE), made)
else if (made !== (await readFile(inLogs(MODULE), 'utf8'))) {
  console.error(`${MODULE} is not what ${SOURCE} is assembled to: npm run wasm`)
  process.exitCode = 1
}
