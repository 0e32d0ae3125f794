/** How far the service was from what Label Studio holds. */
export interface Repairs {
  tasks_added: number
  /** Their data differed, or their ids had been given to other tasks. */
  tasks_changed: number
  tasks_removed: number
  annotations_added: number
  annotations_changed: number
  annotations_removed: number
  predictions_changed: number
}

export function noRepairs(): Repairs {
  return {
    tasks_added: 0,
    tasks_changed: 0,
    tasks_removed: 0,
    annotations_added: 0,
    annotations_changed: 0,
    annotations_removed: 0,
    predictions_changed: 0,
  }
}

export function addRepairs(sum: Repairs, more: Repairs): void {
  for (const key of Object.keys(more) as (keyof Repairs)[]) sum[key] += more[key]
}
