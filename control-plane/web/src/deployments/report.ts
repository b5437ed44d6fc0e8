/** What somebody who helps needs to know of a failure, as Markdown. The log in it is masked by the server. */
import { api, body, type Schemas } from '../api';
import { failedStep } from './causes';
import type { Deployment } from './status';

const LINES = 40;
/** The colours that the server leaves in lines of logs. */
const COLOURS = /\u001b\[[0-9;:]*m/g;

export async function errorReport(deployment: Deployment): Promise<string> {
  const [tail, sandbox] = await Promise.all([logTail(deployment.id), sandboxOf(deployment.sandbox_id)]);
  const facts: [string, string | number | null | undefined][] = [
    ['Deployment', deployment.id],
    ['Provider', `${deployment.provider}, ${deployment.environment}`],
    ['Failed step', failedStep(deployment)],
    ['Failure code', deployment.metadata.failure_code],
    ['Exit code', deployment.metadata.exit_code],
    ['Framework', deployment.metadata.plan?.framework],
    ['Agent', sandbox?.agent_version],
    ['Ended', deployment.completed_at],
  ];
  const list = facts.flatMap(([name, value]) => (value === null || value === undefined ? [] : [`- ${name}: ${value}`]));
  return [
    '### Deployment failed', '', deployment.error_message ?? '', '', ...list, '', ...fence(tail), '',
  ].join('\n');
}

/** Longer than any run of backticks in the text, which could end it. */
function fence(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return [mark, text, mark];
}

async function logTail(id: string): Promise<string> {
  const params = { path: { id }, query: { format: 'json' as const, limit: LINES } };
  const part = (await body(api.GET('/api/deployments/{id}/logs', { params }))) as unknown as Schemas['LogRange'];
  return part.lines.map(({ text }) => text.replaceAll(COLOURS, '')).join('\n');
}

/** The version of its agent is worth having, not worth failing for. */
async function sandboxOf(id: string): Promise<Schemas['SandboxView'] | undefined> {
  return body(api.GET('/api/sandboxes/{id}', { params: { path: { id } } })).catch(() => undefined);
}
