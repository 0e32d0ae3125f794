#!/usr/bin/env node
// Plain JavaScript, so that an older Node can run it and say what is missing.
const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `label-studio-monitor needs Node 24 or newer, and this is ${process.version}.\n` +
      'Inside the project, npm scripts bring their own: npm start, or npx label-studio-monitor after npm ci.',
  )
  process.exit(2)
}
await import('../src/cli.ts')
