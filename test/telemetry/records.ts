import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One day of logs below the directory, in the template format. */
export async function writeRecords(directory: string, count = 5): Promise<void> {
  await mkdir(directory, { recursive: true })
  const records = Array.from({ length: count }, (_, number) =>
    [
      `Timestamp: 2024-11-12 10:00:0${number}`,
      `Question: "What is ${number}?"`,
      `Answer: "It is ${number}."`,
      'Version: v1\n\n',
    ].join('\n'),
  )
  await writeFile(join(directory, 'qalogs_11:12:24.txt'), records.join(''))
}
