import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { count } from '../src/commands/text.ts'
import type { Evaluation, Run } from '../src/contract/types.ts'
import { figures, figuresLine } from './figures.ts'
import { review } from './review.ts'
import type { Screen, Step } from './screen.ts'
import { type Running, startMonitorService, startServers } from './servers.ts'
import { cacheDir } from './services/cache.ts'
import { type Call, jsonApi } from './services/json-api.ts'
import { labelStudioVersion, prepareLabelStudio } from './services/label-studio.ts'
import { createUser, labelStudioApi } from './services/label-studio-api.ts'
import { createReviewer } from './services/reviewer.ts'
import { prepareS3 } from './services/s3.ts'
import { cli } from './services/service.ts'
import { lesson, signposts } from './signposts.ts'
import { bucket, days, monitorName, person, storyLogs, storyMonitor, tasks } from './story.ts'

export const steps = 8

/** So many tasks are left for whoever watches. */
const leftOver = 5
const mailPatienceMs = 30_000
const lookEveryMs = 500

export type Tour = {
  screen: Screen
  /** A directory for everything that the servers keep. */
  home: string
  running: Running
  /** `performance.now()` of the start. */
  began: number
  /** Ends after the review; otherwise it goes on telling what changes. */
  once: boolean
}

/** From logs to live metrics, step by step. */
export async function tour({ screen, home, running, began, once }: Tour): Promise<void> {
  await screen.step(`Install Label Studio ${labelStudioVersion} and an S3 server`, async (step) => {
    let isFirst = true
    const log = (line: string) => {
      if (isFirst) step.print('Only now: about 4 minutes and 1 GB of disk. Later starts take seconds.')
      isFirst = false
      step.now(line)
    }
    await Promise.all([prepareLabelStudio(log), prepareS3(log)])
    step.print(`They are kept in ${cacheDir().replace(homedir(), '~')}`)
  })

  const servers = await screen.step('Start them, and a mail server', async (step) => {
    const started = await startServers(home, running, step.now)
    step.print(`Label Studio  ${started.labelStudio.url}`)
    step.print(`S3            ${started.s3.endpoint}`)
    step.print(`Mailbox       ${started.mailbox.url}`)
    return started
  })

  await screen.step(`Write ${days} days of a model's logs into S3`, async (step) => {
    const { objects, records } = storyLogs(new Date().toISOString().slice(0, 10))
    await servers.s3.createBucket(bucket)
    await servers.s3.putObjects(bucket, objects)
    step.print(
      `${count(records)} answers of a question-answering model: s3://${bucket}/${[...objects.keys()][0]}, …`,
    )
  })

  const service = await screen.step('Start the service', async (step) => {
    step.command('npm start')
    const started = await startMonitorService(home, running, servers)
    step.print(started.url)
    return started
  })
  const api = jsonApi(service.url)
  const command = commands(service.url)

  await screen.step('Create a monitor', async (step) => {
    const body = storyMonitor(servers.s3)
    const file = join(home, 'monitor.json')
    await writeFile(file, JSON.stringify(body, null, 2))
    step.command(`curl ${service.url}/monitors -H content-type:application/json -d @${relative('.', file)}`)
    await api('POST', '/monitors', body)
    step.print(`Each run samples ${tasks} answers of the last 7 days, evenly over the dates`)
  })

  const run = await screen.step('Run it: sample the logs, make a Label Studio project', async (step) => {
    await command(step, 'run', monitorName, '--wait')
    const { items } = await api<{ items: Run[] }>('GET', `/runs?monitor=${monitorName}&limit=1`)
    const [made] = items
    if (!made?.project) throw new Error(`expected a run with a project, got: ${made?.error ?? made?.message}`)
    return { ...made, project: made.project }
  })

  await screen.step('Tell the reviewer by e-mail', async (step) => {
    const [mail] = await servers.smtp.waitFor(1, mailPatienceMs)
    step.print(`To ${mail?.recipients.join(', ')}: “${mail?.subject}”`)
    step.print(`Read it in the mailbox, ${servers.mailbox.url}`)
  })

  await screen.step('Review in Label Studio: accept what is right, correct what is wrong', async (step) => {
    const { labelStudio } = servers
    const user = await createUser(labelStudio, person.email, person.password)
    step.command(`curl ${service.url}/evaluations/${run.project.id}`)
    const evaluation = await review({
      reviewer: createReviewer(labelStudioApi(labelStudio.url, user.token)),
      service: api,
      project: run.project.id,
      count: run.progress.tasks_imported - leftOver,
      onChange: (current) => step.now(...figures(current)),
    })
    step.now()
    if (!evaluation) throw new Error('expected tasks to review, but Label Studio handed out none')
    for (const line of figures(evaluation)) step.print(line)
    step.print()
    for (const line of lesson(evaluation, run)) step.print(line)
    step.print()
    await command(step, 'gate', String(run.project.id))
  })

  screen.print()
  screen.heading(`Ready after ${Math.round((performance.now() - began) / 1000)} s.`)
  if (once) return
  for (const line of signposts(servers, service.url, run, home)) screen.print(line)
  await watch(api, run.project.id, (line) => screen.print(line))
}

/** The service's own commands, as a reader types them; each prints what it tells, and draws its progress itself. */
function commands(url: string) {
  const place = url.endsWith(':9090') ? [] : ['--url', url]
  return async (step: Step, ...words: string[]) => {
    step.command(['npx label-studio-monitor', ...words, ...place].join(' '))
    const args = [cli, ...words, '--url', url]
    // the reader's own settings are for another service
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, TERM: process.env.TERM }
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of createInterface(child.stdout)) step.print(line)
  }
}

/** Tells each change of the metrics, for as long as the process lives. */
async function watch(api: Call, project: number, print: (line: string) => void): Promise<never> {
  for (let told = ''; ; await sleep(lookEveryMs)) {
    const evaluation = await api<Evaluation>('GET', `/evaluations/${project}`).catch(() => null)
    const line = evaluation ? figuresLine(evaluation) : told
    if (told && line !== told) print(`  ${line}`)
    told = line
  }
}
