import fc from 'fast-check'

/**
 * Properties try the same cases in every run, so that what fails was changed and not drawn. `PROPERTY_SEED=$RANDOM`
 * tries others.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.PROPERTY_SEED ?? 1) })
