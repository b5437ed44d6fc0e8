/**
 * Every text of the UI comes from one catalogue, `en.json`. A message is a string with `{names}`, or an
 * object of plural forms by which `count` is told (`one`, `other`: the words of `Intl.PluralRules`).
 */
import catalogue from './en.json';

type Catalogue = typeof catalogue;
export type MessageKey = keyof Catalogue;
export type Values = Readonly<Record<string, string | number>>;

type Message = string | Readonly<Record<string, string>>;

export const LOCALE = 'en';

const plurals = new Intl.PluralRules(LOCALE);
const numbers = new Intl.NumberFormat(LOCALE);

/** The message in the language of the page. A name without a value stays as it is, so that it is seen. */
export function t(key: MessageKey, values: Values = {}): string {
  // A build has put the message itself in the place of most keys (`scripts/inline-messages.mjs`).
  const message: Message = catalogue[key] ?? key;
  return fill(typeof message === 'string' ? message : pluralForm(message, values), values);
}

/** Whether there is such a message: for keys that are made of what the server says. */
export function has(key: string): key is MessageKey {
  return Object.hasOwn(catalogue, key);
}

function pluralForm(forms: Readonly<Record<string, string>>, values: Values): string {
  return forms[plurals.select(Number(values['count'] ?? 0))] ?? forms['other'] ?? '';
}

function fill(text: string, values: Values): string {
  return text.replaceAll(/\{(\w+)\}/g, (name, key: string) => {
    const value = values[key];
    if (value === undefined) return name;
    return typeof value === 'number' ? numbers.format(value) : value;
  });
}
