import type { Page } from 'playwright-core'
import { admin } from '../../../demo/services/label-studio.ts'
import type { Region } from '../../../src/labeling/types.ts'

/** What Label Studio's editor keeps in the page. */
interface EditorWindow {
  Htx?: {
    task?: { id?: number }
    annotationStore?: {
      selected?: { type?: string; serializeAnnotation?(): Region[] }
      annotations?: unknown[]
      predictions?: unknown[]
    }
  }
}

/** Loading a task is quick, but for the first one; a page that shows nothing by then is asked for again. */
const PATIENCE_MS = 15_000
/** The label stream now and then opens a task without its prediction, or a video does not come. */
const LOADS = 5

/** Label Studio's editor in a browser, used as a reviewer does. */
export interface Editor {
  /**
   * Opens the next task of the project in the label stream.
   * @returns the regions that the editor shows, once it shows so many
   * @throws Error with what the editor has, if it shows fewer
   */
  open(project: number, regions: number): Promise<Region[]>
  submit(): Promise<void>
}

/** Logs the administrator in. */
export async function openEditor(page: Page, labelStudioUrl: string): Promise<Editor> {
  await page.goto(`${labelStudioUrl}/user/login/`)
  await page.fill('#email', admin.email)
  await page.fill('#password', admin.password)
  await page.click('button[type=submit]')
  await page.waitForURL((url) => !url.pathname.startsWith('/user/login'))

  const shown = () =>
    page.evaluate((): Region[] => {
      const { Htx } = globalThis as EditorWindow
      return JSON.parse(JSON.stringify(Htx?.annotationStore?.selected?.serializeAnnotation?.() ?? []))
    })
  const load = async (project: number, regions: number) => {
    await page.goto(`${labelStudioUrl}/projects/${project}/data?labeling=1`)
    for (const giveUpAt = Date.now() + PATIENCE_MS; Date.now() < giveUpAt; await page.waitForTimeout(100)) {
      const found = await shown()
      if (found.length >= regions) return found
    }
    return shown()
  }
  /** What the editor has, where it shows less than it should. */
  const state = async () => ({
    text: (await page.innerText('body')).slice(0, 500),
    editor: await page.evaluate(() => {
      const { Htx } = globalThis as EditorWindow
      const { selected, annotations, predictions } = Htx?.annotationStore ?? {}
      return {
        task: Htx?.task?.id,
        selected: selected?.type,
        annotations: annotations?.length,
        predictions: predictions?.length,
      }
    }),
  })
  return {
    async open(project, regions) {
      for (let loads = 0; loads < LOADS; loads++) {
        const found = await load(project, regions)
        if (found.length >= regions) return found
      }
      throw new Error(`the editor shows fewer than ${regions} regions: ${JSON.stringify(await state())}`)
    },
    async submit() {
      const answered = page.waitForResponse(
        (response) =>
          response.request().method() === 'POST' && /\/api\/tasks\/\d+\/annotations/.test(response.url()),
      )
      await page.click('button[name="submit"]')
      await answered
    },
  }
}
