import { ANSWERS_BUILT, ANSWERS_REFUSED } from './values-answers.ts'
import { SHAPES_BUILT, SHAPES_REFUSED } from './values-shapes.ts'
import { SPANS_BUILT, SPANS_REFUSED } from './values-spans.ts'

/** Plain values and the `value` of each region that they become. */
export const BUILT = [...ANSWERS_BUILT, ...SPANS_BUILT, ...SHAPES_BUILT]

/** Values that the config or the data does not allow, and what the problem says. */
export const REFUSED = [...ANSWERS_REFUSED, ...SPANS_REFUSED, ...SHAPES_REFUSED]
