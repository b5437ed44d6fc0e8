// What @netlify/build-info says about each directory named, a line of JSON for each.
// The calls are those of its README; only what is compared is asked for.

import { Project } from '@netlify/build-info'
import { NodeFS, NoopLogger } from '@netlify/build-info/node'

for (const directory of process.argv.slice(2)) {
  console.log(JSON.stringify(await detect(directory)))
}

async function detect(directory) {
  const fs = new NodeFS()
  fs.logger = new NoopLogger()
  const project = new Project(fs, directory, directory)
    .setEnvironment(process.env)
    .setNodeVersion(process.version)
    .setReportFn(() => {})
  const workspace = await project.detectWorkspaces()
  const framework = (await project.detectFrameworksInPath())[0]
  return {
    framework: framework?.id ?? (await language(project)),
    package_manager: project.packageManager?.name ?? null,
    output_dir: framework?.build.directory ?? null,
    monorepo: Boolean(workspace),
  }
}

// For a project without a framework it still names languages; `node` for every package.json.
async function language(project) {
  const runtimes = await project.detectRuntime()
  const runtime = runtimes.find(({ id }) => id !== 'node') ?? runtimes[0]
  return runtime ? `runtime:${runtime.id}` : null
}
