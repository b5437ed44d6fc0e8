/** Forms from the JSON Schema of a provider's settings: the few kinds of fields that descriptors have. */
import { t } from '../i18n';

interface Property {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

export interface ConfigSchema {
  properties?: Record<string, Property>;
  required?: string[];
}

export type Config = Record<string, unknown>;

interface Common {
  key: string;
  title: string;
  about: string;
  isRequired: boolean;
}

export type FormField =
  | (Common & { kind: 'text'; longest: number | undefined; pattern: string | undefined })
  | (Common & { kind: 'flag'; usual: boolean })
  | (Common & { kind: 'choice'; words: string[]; usual: string });

/** The fields in the order of the schema. */
export function fieldsOf(schema: ConfigSchema): FormField[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([key, property]) => {
    const common = {
      key, title: property.title ?? key, about: property.description ?? '', isRequired: required.has(key),
    };
    if (property.type === 'boolean') return { ...common, kind: 'flag', usual: property.default === true };
    if (property.enum) {
      return { ...common, kind: 'choice', words: property.enum, usual: String(property.default ?? property.enum[0] ?? '') };
    }
    return { ...common, kind: 'text', longest: property.maxLength, pattern: property.pattern };
  });
}

/** What most people have to say, besides what is required; of several providers. */
const COMMON = new Set(['branch', 'create', 'private', 'visibility']);

/** Whether a field is shown at once; the others are for few. */
export function isUsual(field: FormField): boolean {
  return field.isRequired || COMMON.has(field.key);
}

/** What is wrong, by field; empty when the server would take it. Its own check has the last word. */
export function checkConfig(fields: readonly FormField[], config: Config): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const problem = field.kind === 'text' ? checkText(field, config[field.key]) : undefined;
    if (problem) problems[field.key] = problem;
  }
  return problems;
}

function checkText(field: FormField & { kind: 'text' }, value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') return field.isRequired ? t('form.required', { field: field.title }) : undefined;
  if (field.longest !== undefined && [...text].length > field.longest) return t('form.too_long', { count: field.longest });
  return matches(field.pattern, text) ? undefined : t('form.pattern', { about: field.about });
}

/** The server's patterns are of another dialect: what cannot be read here is left to it. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}

/** As the API takes it: without what is empty or as it is anyway. */
export function cleanConfig(fields: readonly FormField[], config: Config): Config {
  const clean: Config = {};
  const known = new Set(fields.map((field) => field.key));
  for (const [key, value] of Object.entries(config)) if (!known.has(key)) clean[key] = value;
  for (const field of fields) {
    const value = config[field.key];
    if (field.kind === 'text' && typeof value === 'string' && value.trim() !== '') clean[field.key] = value.trim();
    if (field.kind === 'flag' && typeof value === 'boolean' && value !== field.usual) clean[field.key] = value;
    if (field.kind === 'choice' && typeof value === 'string' && value !== field.usual) clean[field.key] = value;
  }
  return clean;
}

/** The problem's sentence names the field as `config.key`; so it can stand beside it. */
export function fieldOfProblem(detail: string): string | undefined {
  return /`config\.([A-Za-z0-9_]+)`/.exec(detail)?.[1];
}
