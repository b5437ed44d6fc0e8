/** The form of a target: what the provider's descriptor asks for, and how projects are built for it. */
import type { Schemas } from '../../api';
import type { Config } from '../../ui';
import type { Fields } from './merge';

/** How projects are built; the same for every provider (`deployments/build_settings.rs`). */
export const BUILD_KEYS = ['framework', 'root_dir', 'install_command', 'build_command', 'output_dir'] as const;
export type BuildKey = (typeof BUILD_KEYS)[number];

export interface TargetForm {
  name: string;
  /** Empty: none. */
  credentials_id: string;
  is_default: boolean;
  config: Config;
}

export function isBuildKey(key: string): key is BuildKey {
  return (BUILD_KEYS as readonly string[]).includes(key);
}

export function formOf(target: Schemas['TargetView']): TargetForm {
  return {
    name: target.name,
    credentials_id: target.credentials_id ?? '',
    is_default: target.is_default,
    config: { ...(target.config as Config) },
  };
}

/** One level, for comparing field by field: `config.branch`. */
export function flat({ name, credentials_id, is_default, config }: TargetForm): Fields {
  const settings = Object.fromEntries(Object.entries(config).map(([key, value]) => [`config.${key}`, value]));
  return { name, credentials_id, is_default, ...settings };
}

/** Back from one level. */
export function unflat(fields: Fields): TargetForm {
  const config: Config = {};
  for (const [key, value] of Object.entries(fields)) if (key.startsWith('config.')) config[key.slice(7)] = value;
  return {
    name: String(fields['name'] ?? ''),
    credentials_id: String(fields['credentials_id'] ?? ''),
    is_default: fields['is_default'] === true,
    config,
  };
}

/** What is wrong with how it is to be built, by key; the server says the rest. */
export function checkBuild(config: Config): Partial<Record<BuildKey, 'relative' | 'line'>> {
  const problems: ReturnType<typeof checkBuild> = {};
  for (const key of BUILD_KEYS) {
    const value = config[key];
    if (typeof value !== 'string' || value === '') continue;
    if (/[\r\n]/.test(value)) problems[key] = 'line';
    else if ((key === 'root_dir' || key === 'output_dir') && (value.startsWith('/') || value.split('/').includes('..'))) {
      problems[key] = 'relative';
    }
  }
  return problems;
}
