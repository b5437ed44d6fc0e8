/**
 * Why a deployment failed and what one can try: whose side it is on, and advice from a catalogue, by what the
 * server knows for certain (the failure code, the step) and by well-known words of tools. Nothing is made up.
 */
import { has, t, type MessageKey } from '../i18n';
import type { Deployment } from './status';
import type { ShownStepId } from './steps';

/** The project's build, the provider, or us and the network between. */
export type Side = 'build' | 'provider' | 'slipway';

export interface Cause {
  /** One line: "Build failed: Module not found". */
  title: string;
  side: Side;
  /** What one can try, most promising first. */
  advice: string[];
  /** The first line of the tool's own error, as it stands in the log. */
  firstLine: string | undefined;
  /** The command that failed. */
  command: string | undefined;
  /** The server's whole message, when title and facts do not say it already. */
  message: string | undefined;
}

/** What tools print, and which advice helps. The first that fits counts. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/module not found|cannot find module|can't resolve|could not resolve|no module named|unresolved import/i, 'module_missing'],
  [/error TS\d+|type error|is not assignable to/i, 'types'],
  [/heap out of memory|out of memory|signal: 9|SIGKILL|exit code 137/i, 'memory'],
  [/ERESOLVE|peer dep|dependency conflict|version solving failed/i, 'dependencies'],
  [/lock ?file.*(?:out of date|not up to date|in sync)|frozen-lockfile|npm ci.*can only install/i, 'lock_file'],
  [/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|network/i, 'network'],
  [/unsupported engine|engine "node"|requires node|node version/i, 'runtime'],
  [/ENOSPC|no space left/i, 'disk'],
  [/exit code 127|command not found|not found: /i, 'tool'],
  [/eslint|prettier|lint/i, 'lint'],
  [/\b401\b|unauthori[sz]ed|bad credentials|expired token|rejected the credential/i, 'credential'],
  [/\b403\b|forbidden|permission/i, 'permission'],
  [/\b413\b|too large|exceeds/i, 'size'],
  [/\b429\b|rate limit/i, 'rate'],
];

/** Which codes of the agent are about the project, and which advice goes with them. */
const CODES: Readonly<Record<string, { side: Side; advice?: string }>> = {
  workspace_unreadable: { side: 'build', advice: 'workspace' },
  nothing_detected: { side: 'build', advice: 'nothing_detected' },
  tool_missing: { side: 'build', advice: 'tool' },
  install_failed: { side: 'build' },
  build_failed: { side: 'build' },
  output_missing: { side: 'build', advice: 'output_missing' },
  output_refused: { side: 'build', advice: 'output_refused' },
  upload_failed: { side: 'slipway', advice: 'again' },
  timed_out: { side: 'build', advice: 'timed_out' },
  internal: { side: 'slipway', advice: 'again' },
  disk_full: { side: 'build', advice: 'disk' },
  agent_crashed: { side: 'slipway', advice: 'agent_crashed' },
  out_of_memory: { side: 'build', advice: 'memory' },
};

const COMMAND_FAILED = /^`(?<command>[^`]+)` failed with (?:exit code|exit status|signal) ?(?<code>\w+)(?:: (?<line>[\s\S]+))?$/;

export function causeOf(deployment: Pick<Deployment, 'error_message' | 'metadata' | 'steps'>): Cause {
  const message = deployment.error_message?.trim() ?? '';
  const code = deployment.metadata.failure_code ?? '';
  const step = failedStep(deployment);
  const known = CODES[code];
  const side = known?.side ?? (step === 'deploy' ? 'provider' : 'slipway');
  const command = COMMAND_FAILED.exec(message)?.groups;
  const lines = command?.['line']?.trim().split('\n');
  const firstLine = lines?.[0]?.trim();
  const why = firstLine ?? (message || t('cause.unknown'));
  return {
    // Some messages begin as the title does.
    title: t(`cause.title.${titleOf(code, step)}`, { why: why.replace(/^\w+ failed: /, '') }),
    side,
    advice: adviceFor(message, known?.advice, side),
    firstLine,
    command: command?.['command'],
    message: message === why || (command && (lines?.length ?? 0) <= 1) ? undefined : message || undefined,
  };
}

export function failedStep(deployment: Pick<Deployment, 'steps'>): ShownStepId | undefined {
  const name = deployment.steps.find((step) => step.state === 'failed')?.name;
  return name === 'package' ? 'build' : name;
}

function titleOf(code: string, step: ShownStepId | undefined): 'prepare' | 'install' | 'build' | 'upload' | 'deploy' {
  if (code === 'install_failed') return 'install';
  if (code === 'upload_failed') return 'upload';
  return step ?? 'build';
}

function adviceFor(message: string, fixed: string | undefined, side: Side): string[] {
  const found = WORDS.find(([words]) => words.test(message))?.[1];
  const keys = [found, fixed, side === 'build' ? 'log' : side === 'provider' ? 'provider' : 'again'];
  const messages = keys.map((key) => `cause.advice.${key}`).filter((key): key is MessageKey => has(key));
  return [...new Set(messages)].map((key) => t(key));
}
