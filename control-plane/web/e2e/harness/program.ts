/** Programs that a spec starts, and that end with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const TARGET = resolve(import.meta.dirname, '../../../../target');

/** Where the programs are: as `SLIPWAY_BIN_DIR` says, or where `make test` builds them. */
export function binary(name: string): string {
  const named = process.env.SLIPWAY_BIN_DIR;
  const places = named ? [resolve(named, name)] : builtPlaces(name);
  const [newest] = places.filter((path) => existsSync(path)).toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!newest) throw new Error(`${name} is missing: \`cargo build --workspace --bins\` makes it, or set SLIPWAY_BIN_DIR`);
  return newest;
}

function builtPlaces(name: string): string[] {
  if (!existsSync(TARGET)) return [];
  return ['.', ...readdirSync(TARGET)].map((triple) => resolve(TARGET, triple, 'debug', name));
}

const running = new Set<Program>();
process.once('exit', () => running.forEach((program) => program.signal('SIGKILL')));

/** A program with a group of its own, so that what it starts ends with it. */
export class Program {
  /** What it said on standard output and standard error. */
  readonly said: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #listeners = new Set<(line: string) => void>();

  constructor(path: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SLIPWAY_'));
    this.#child = spawn(path, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...environment },
    });
    this.#ended = new Promise((done) => {
      this.#child.once('exit', (code) => {
        running.delete(this);
        done(code);
      });
    });
    running.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        this.said.push(line);
        this.#listeners.forEach((hear) => hear(line));
      });
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The first line that `find` answers something for, among those that were said and those to come. */
  async line<T>(what: string, find: (line: string) => T | undefined, timeout = 30_000): Promise<T> {
    for (const line of this.said) {
      const found = find(line);
      if (found !== undefined) return found;
    }
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${what}: ${why}\n${this.said.slice(-30).join('\n')}`));
      const timer = setTimeout(() => finish(() => fail(`nothing for ${timeout} ms`)), timeout);
      const hear = (line: string) => {
        const found = find(line);
        if (found !== undefined) finish(() => resolve(found));
      };
      const finish = (end: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(hear);
        end();
      };
      this.#listeners.add(hear);
      void this.#ended.then((code) => finish(() => fail(`it ended with ${code}`)));
    });
  }

  /** Writes a line to its standard input. */
  write(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** Sends a signal to it and all it has started; one that has ended hears nothing. */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It has ended.
    }
  }

  /** Ends it without warning, as a crash would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end, and answers how it did. */
  async terminate(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.#ended;
  }
}

/** Runs a program to its end; answers what it printed. */
export async function run(path: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [printed, complained] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  child.stderr.on('data', (data: Buffer) => (complained += data.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${path} ${args.join(' ')} ended with ${String(code)}: ${complained}`);
  return printed.trim();
}
