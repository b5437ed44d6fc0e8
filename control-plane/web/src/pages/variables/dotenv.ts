/**
 * `.env` text to variables and back, exactly: what is written is read again as the same values.
 *
 * The grammar is the server's (`variables/dotenv.rs`): `NAME=value` and `export NAME=value`, comments, values in single,
 * double or back quotes that may go over several lines; `$NAME` stays as it is. Unlike the server, which stops at the
 * first line it cannot read, this reader lists all of them, because somebody is there to mend them. No message repeats a
 * value.
 *
 * One word is ours: `NAME=<kept secret>` stands for a secret whose value never reaches the browser. In quotes it is text.
 */

/** Stands, without quotes, for the value of a stored secret. */
export const KEPT_SECRET = '<kept secret>';

/** Limits of the server (`variables/mod.rs`), in UTF-8 bytes but for the count. */
export const LONGEST_NAME = 128;
export const LARGEST_VALUE_BYTES = 32 * 1024;
export const MOST_VARIABLES = 500;

/** What a line sets. */
export interface Assignment {
  name: string;
  /** `null`: the secret that is stored stays. */
  value: string | null;
  /** Where it begins, from 1. */
  line: number;
}

export type DotenvProblem =
  | 'no_assignment'
  | 'bad_name'
  | 'long_name'
  | 'refused_name'
  | 'unclosed_quote'
  | 'after_quote'
  | 'value_too_large'
  | 'null_character'
  | 'nothing_kept'
  | 'too_many';

export type DotenvHint = 'set_again' | 'trailing_space' | 'trailing_space_in_quotes';

/** Something about a line; `name` when the line has a readable one. */
export interface Remark<Kind> {
  kind: Kind;
  line: number;
  name?: string;
}

export interface Parsed {
  /** In order of the text; of names that are set twice only the last. */
  assignments: Assignment[];
  /** What blocks saving. */
  errors: Remark<DotenvProblem>[];
  /** What is worth a look. */
  warnings: Remark<DotenvHint>[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const BLANK = /[ \t]/;
/** Names that would change how programs start (`slipway_proto::variable`); refused for builds. */
const REFUSED_NAME = /^(?:BASH_ENV|ENV|IFS|(?:LD_|DYLD_|SLIPWAY_).*)$/;

const encoder = new TextEncoder();

/**
 * Reads `text`.
 *
 * @param stored names of the secrets that are stored, which `<kept secret>` may stand for
 * @param isBuild whether the variables enter builds, where some names are refused
 */
export function parse(text: string, stored: ReadonlySet<string> = new Set(), isBuild = false): Parsed {
  const reader = new Reader(text.replace(/^\uFEFF/, '').replace(/\r\n/g, '\n'), stored, isBuild);
  return reader.read();
}

/** What is wrong with a name, if something is. */
export function nameProblem(name: string, isBuild: boolean): 'bad_name' | 'long_name' | 'refused_name' | undefined {
  if (!NAME.test(name)) return 'bad_name';
  if (name.length > LONGEST_NAME) return 'long_name';
  return isBuild && REFUSED_NAME.test(name) ? 'refused_name' : undefined;
}

class Reader {
  private at = 0;
  private line = 1;
  private readonly byName = new Map<string, Assignment>();
  private readonly errors: Remark<DotenvProblem>[] = [];
  private readonly warnings: Remark<DotenvHint>[] = [];

  constructor(
    private readonly text: string,
    private readonly stored: ReadonlySet<string>,
    private readonly isBuild: boolean
  ) {}

  read(): Parsed {
    while (this.at < this.text.length) {
      const begin = this.at;
      this.statement();
      this.line += count(this.text, '\n', begin, this.at);
    }
    if (this.byName.size > MOST_VARIABLES) this.errors.push({ kind: 'too_many', line: this.line });
    return { assignments: [...this.byName.values()], errors: this.errors, warnings: this.warnings };
  }

  /** Reads one statement and moves behind its line. */
  private statement(): void {
    const line = this.rest().split('\n', 1)[0] ?? '';
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return this.skipLine();
    const start = /^[ \t]*(?:export[ \t]+)?/.exec(line)![0].length;
    const equals = line.indexOf('=', start);
    if (equals < 0) return this.refuse('no_assignment');
    const name = line.slice(start, equals).replace(/[ \t]+$/, '');
    if (name === '' || /\s/.test(name)) return this.refuse('no_assignment');
    let value = equals + 1;
    while (BLANK.test(line[value] ?? '')) value += 1;
    const quote = line[value];
    if (quote === '"' || quote === "'" || quote === '`') {
      this.at += value + 1;
      this.quoted(name, quote);
    } else {
      const plain = unquoted(line.slice(value));
      if (plain.hadTrailingSpace) this.warn('trailing_space', name);
      const isKept = plain.value === KEPT_SECRET;
      if (isKept && !this.stored.has(name)) this.fail('nothing_kept', name);
      else this.set(name, isKept ? null : plain.value);
      this.skipLine();
    }
  }

  /** Reads from behind an opening quote to behind the line of the closing one. */
  private quoted(name: string, quote: string): void {
    let value = '';
    for (let at = this.at; at < this.text.length; at += 1) {
      const character = this.text[at]!;
      if (character === quote) {
        const after = this.text.slice(at + 1).split('\n', 1)[0] ?? '';
        const closedOn = this.line + count(this.text, '\n', this.at, at);
        if (unquoted(after).value !== '') {
          this.errors.push({ kind: 'after_quote', line: closedOn, name });
        } else {
          if (/[ \t]$/.test(value)) this.warn('trailing_space_in_quotes', name);
          this.set(name, value);
        }
        this.at = at + 1;
        return this.skipLine();
      }
      if (character === '\\' && quote === '"') {
        at += 1;
        const escaped = this.text[at];
        if (escaped === undefined) break;
        value += ESCAPES[escaped] ?? `\\${escaped}`;
      } else {
        value += character;
      }
    }
    this.fail('unclosed_quote', name);
    // What follows may be meant as lines of its own: go on with the next.
    this.skipLine();
  }

  private set(name: string, value: string | null): void {
    const problem = nameProblem(name, this.isBuild);
    if (problem) return this.fail(problem, name);
    if (value !== null && value.includes('\0')) return this.fail('null_character', name);
    if (value !== null && encoder.encode(value).length > LARGEST_VALUE_BYTES) {
      return this.fail('value_too_large', name);
    }
    if (this.byName.delete(name)) this.warn('set_again', name);
    this.byName.set(name, { name, value, line: this.line });
  }

  private fail(kind: DotenvProblem, name: string): void {
    this.errors.push({ kind, line: this.line, name });
  }

  private warn(kind: DotenvHint, name: string): void {
    this.warnings.push({ kind, line: this.line, name });
  }

  private refuse(kind: DotenvProblem): void {
    // No name: what stands there may be a value.
    this.errors.push({ kind, line: this.line });
    this.skipLine();
  }

  private rest(): string {
    // Lines are short next to the text; slicing the whole rest for each would be quadratic.
    const end = this.text.indexOf('\n', this.at);
    return end < 0 ? this.text.slice(this.at) : this.text.slice(this.at, end);
  }

  private skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }
}

/** As the server reads them; other characters keep their backslash. */
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' };

/** A `#` begins a comment after white space only: colours and anchors of URLs are values. */
function unquoted(line: string): { value: string; hadTrailingSpace: boolean } {
  const comment = /(?:^|[ \t])#/.exec(line);
  const text = comment ? line.slice(0, comment.index) : line;
  const value = text.trim();
  return { value, hadTrailingSpace: !comment && value !== '' && /[ \t]$/.test(line) };
}

function count(text: string, character: string, from: number, to: number): number {
  let found = 0;
  for (let at = text.indexOf(character, from); at >= 0 && at < to; at = text.indexOf(character, at + 1)) found += 1;
  return found;
}

/** Writes variables as `.env` text, one statement each, in their order. */
export function serialise(variables: readonly { name: string; value: string | null }[]): string {
  return variables.map(({ name, value }) => `${name}=${value === null ? KEPT_SECRET : written(value)}\n`).join('');
}

/** The plainest form that is read again as `value`, by this reader and by shells. */
function written(value: string): string {
  if (value === '') return '""';
  if (/^[A-Za-z0-9_./:@%+,=?&~^*-][A-Za-z0-9_./:@%+,=?&~^*#-]*$/.test(value)) return value;
  // Text fields and the server make `\n` of a raw carriage return, so that it travels escaped.
  if (!value.includes("'") && !value.includes('\r')) return `'${value}'`;
  const escaped = value.replace(/[\\"$`]/g, '\\$&').replace(/\r/g, '\\r');
  return `"${escaped}"`;
}
