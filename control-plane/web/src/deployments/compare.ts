/** What two deployments have in common, setting by setting; values of variables are nowhere in it. */
import { bytes, formatDuration } from '../format';
import { t } from '../i18n';
import { frameworkName } from './frameworks';
import { elapsed, environmentWord, statusWord, type Deployment } from './status';

export interface ComparedRow {
  name: string;
  before: string | undefined;
  after: string | undefined;
  isSame: boolean;
}

type Read = (deployment: Deployment) => string | number | null | undefined;

const SETTINGS = ['root_dir', 'install_command', 'build_command', 'output_dir', 'package_manager'] as const;

export function compare(before: Deployment, after: Deployment): ComparedRow[] {
  const readers: [string, Read][] = [
    [t('history.status'), statusWord],
    [t('facts.target'), ({ target_name, environment }) => `${target_name} · ${environmentWord(environment)}`],
    [t('facts.by'), ({ created_by }) => created_by?.name],
    [t('facts.branch'), ({ branch }) => branch],
    [t('facts.message'), ({ commit_message }) => commit_message],
    [t('facts.duration'), durationOf],
    [t('plan.framework'), ({ metadata }) => metadata.plan && frameworkName(metadata.plan.framework)],
    ...SETTINGS.map((key): [string, Read] => [t(`plan.${key}`), ({ metadata }) => metadata.plan?.[key]]),
    [t('compare.runtimes'), ({ metadata }) => runtimesOf(metadata.plan?.runtime_versions)],
    [t('compare.variables'), ({ env_version }) => env_version],
    [t('compare.content'), ({ metadata }) => metadata.artifact?.root.slice(0, 12)],
    [t('compare.files'), ({ metadata }) => metadata.artifact?.files],
    [t('facts.size'), ({ metadata }) => metadata.artifact && bytes(metadata.artifact.size_bytes)],
  ];
  return readers.flatMap(([name, read]) => {
    const [left, right] = [text(read(before)), text(read(after))];
    return left === undefined && right === undefined ? [] : [{ name, before: left, after: right, isSame: left === right }];
  });
}

function text(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : String(value);
}

function durationOf(deployment: Deployment): string | undefined {
  const span = elapsed(deployment, Number.NaN);
  return span === undefined || Number.isNaN(span) ? undefined : formatDuration(span);
}

function runtimesOf(versions: Record<string, string> | undefined): string {
  return Object.entries(versions ?? {}).map(([runtime, version]) => `${runtime} ${version}`).join(', ');
}
