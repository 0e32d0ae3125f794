import { withDatabase } from './database.ts'
import { cost, inTurn, type Measurement, median } from './figure.ts'
import { annotateProject, fillProject } from './project.ts'
import { startBenchService } from './service.ts'
import { startStandIn } from './stand-in.ts'

const FEW = 1_000
/** Reads whose median is one measurement. */
const READS = 50

/** Reading an evaluation with few annotations and with many. */
export const evaluation: Measurement = {
  name: 'evaluation',
  async measure({ directory, quick, runs, log }) {
    const many = quick ? 10_000 : 1_000_000
    const labelStudio = await startStandIn()
    const service = await startBenchService({ directory, labelStudio })
    try {
      await withDatabase(service.dataDir, async (database) => {
        for (const [project, count] of [FEW, many].entries()) {
          log(`writing ${count} annotations`)
          await fillProject(database, project + 1, count)
          await annotateProject(database, project + 1)
        }
      })
      const read = (project: number, count: number) => async () => {
        const times: number[] = []
        for (let index = 0; index < READS; index++) {
          const began = performance.now()
          const answer = await service.call<{ coverage: { reviewed: number } }>('GET', `/evaluations/${project}`)
          times.push(performance.now() - began)
          const { reviewed } = answer.coverage
          if (reviewed !== count) throw new Error(`expected ${count} reviewed tasks, got ${reviewed}`)
        }
        return median(times)
      }
      const times = await inTurn(runs, { ours: read(2, many), peer: read(1, FEW) })
      const figure = cost({
        ...{ name: 'evaluation', unit: 'ms', ...times },
        against: `the same with ${FEW.toLocaleString('en')} annotations`,
        means: `GET /evaluations/{project} with ${many.toLocaleString('en')} annotations`,
      })
      const met = (figure.ratio as number) >= 1 / 1.2
      return [{ ...figure, goal: { text: 'within 20 %', met } }]
    } finally {
      await service.stop()
      await labelStudio.stop()
    }
  },
}
