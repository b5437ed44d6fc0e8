/** Problems in the words of the UI: a title by their code, and the server's sentence as the reason. */
import { has, t } from '../i18n';
import type { ApiProblem } from './problem';

export interface ProblemWords {
  title: string;
  /** Empty when the title says it all. */
  detail: string;
}

export function describeProblem(problem: ApiProblem): ProblemWords {
  const key = `problem.code.${problem.code}`;
  const title = has(key) ? t(key) : t(problem.status >= 500 ? 'problem.code.internal' : 'problem.code.unknown');
  return { title, detail: problem.status === 0 ? t('problem.unreachable_detail') : sentence(problem.detail) };
}

/** The server's details begin in lower case and end without a full stop: they are parts of sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  // A name in backticks is code, and stays as it is.
  const first = trimmed.startsWith('`') ? trimmed.charAt(0) : trimmed.charAt(0).toUpperCase();
  const end = /[.!?…:)\]`"']$/.test(trimmed) ? '' : '.';
  return `${first}${trimmed.slice(1)}${end}`;
}
