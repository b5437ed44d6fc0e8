// What @vercel/fs-detectors says about each directory named, a line of JSON for each.
// Package managers and workspaces are lists for the same function, as their sources document.

import { createRequire } from 'node:module'

// CommonJS, and quicker to load as such.
const require = createRequire(import.meta.url)
const { frameworkList } = require('@vercel/frameworks')
const {
  LocalFileSystemDetector,
  detectFramework,
  packageManagers,
  workspaceManagers,
  monorepoManagers,
} = require('@vercel/fs-detectors')

for (const directory of process.argv.slice(2)) {
  console.log(JSON.stringify(await detect(directory)))
}

async function detect(directory) {
  const fs = new LocalFileSystemDetector(directory)
  const first = (list) => detectFramework({ fs, frameworkList: list })
  const framework = await first(frameworkList)
  return {
    framework,
    package_manager: await first(packageManagers),
    output_dir: outputOf(framework),
    monorepo: Boolean((await first(workspaceManagers)) ?? (await first(monorepoManagers))),
  }
}

// Before a build it knows only the framework's default.
function outputOf(slug) {
  const setting = frameworkList.find((framework) => framework.slug === slug)?.settings.outputDirectory
  return setting?.value && setting.value !== 'N/A' ? setting.value : null
}
