/** What the two pages with a target's form share: its problems, and what is sent. */
import { api, body, type ApiProblem, type Schemas } from '../../api';
import { sentence } from '../../api/describe';
import { t } from '../../i18n';
import { checkConfig, cleanConfig, fieldOfProblem, fieldsOf, type ConfigSchema, type FormField } from '../../ui';
import type { Account, Provider } from '../accounts/providers';
import { BUILD_KEYS, checkBuild, type TargetForm } from './form';

/** What a target cannot do without comes first, and what is only switched on or off last. */
export function fieldsOfProvider(provider: Provider): FormField[] {
  const rank = (field: FormField) => (field.isRequired ? 0 : field.kind === 'flag' ? 2 : 1);
  return fieldsOf(provider.config_schema as ConfigSchema).toSorted((a, b) => rank(a) - rank(b));
}

/** The accounts at the provider that belong to the same owner: others cannot be used. */
export async function accountsFor(provider: Provider, team: string | null, signal: AbortSignal): Promise<Account[]> {
  if (provider.auth.length === 0) return [];
  const params = { path: { provider: provider.id }, query: { check: false } };
  const { accounts } = await body(api.GET('/api/deployments/auth/{provider}/status', { params, signal }));
  return accounts.filter((account) => (account.team_id ?? null) === team);
}

/** What can be said without the server, by field. */
export function problemsOf(form: TargetForm, provider: Provider, fields: readonly FormField[]): Record<string, string> {
  const problems: Record<string, string> = {};
  if (form.name.trim() === '') problems['name'] = t('form.required', { field: t('targets.name') });
  if (provider.auth.length > 0 && form.credentials_id === '') problems['credentials_id'] = t('targets.account_missing');
  for (const [key, problem] of Object.entries(checkConfig(fields, form.config))) problems[`config.${key}`] = problem;
  for (const [key, problem] of Object.entries(checkBuild(form.config))) problems[`config.${key}`] = t(`build.problem_${problem}`);
  return problems;
}

/** Beside the field, when the server names one that is on the page. */
export function serverProblem(problem: ApiProblem, fields: readonly FormField[]): Record<string, string> {
  const key = fieldOfProblem(problem.detail);
  const isShown = key !== undefined && (fields.some((field) => field.key === key) || BUILD_KEYS.some((one) => one === key));
  if (isShown) return { [`config.${key}`]: sentence(problem.detail) };
  if (problem.code === 'conflict' && /name/.test(problem.detail)) return { name: sentence(problem.detail) };
  return {};
}

/** As the API takes it. */
export function requestOf(form: TargetForm, fields: readonly FormField[]) {
  const config = cleanConfig(fields, form.config);
  for (const key of BUILD_KEYS) {
    const value = config[key];
    if (typeof value === 'string') {
      if (value.trim() === '') delete config[key];
      else config[key] = value.trim();
    }
  }
  return {
    name: form.name.trim(),
    config: config as Schemas['TargetView']['config'],
    is_default: form.is_default,
    ...(form.credentials_id !== '' && { credentials_id: form.credentials_id }),
  };
}
