/** Vendors on loopback, as strict as they are: the program `vendors` of the Rust tests. */
import { binary, Program } from './program';

interface Started {
  /** What a control plane must be told to use them. */
  environment: Record<string, string>;
  /** A token that each vendor knows. */
  tokens: Record<string, string>;
}

export class Vendors {
  private constructor(
    private readonly program: Program,
    readonly environment: Readonly<Record<string, string>>,
    readonly tokens: Readonly<Record<string, string>>,
  ) {}

  static async start(...names: readonly string[]): Promise<Vendors> {
    const program = new Program(binary('vendors'), names);
    const started = await program.line('vendors to start', (line) => {
      return line.startsWith('{') ? (JSON.parse(line) as Started) : undefined;
    });
    return new Vendors(program, started.environment, started.tokens);
  }

  /** Tells one of them something; `tests/src/bin/vendors.rs` says what they understand. Answers what it says. */
  async tell(...words: readonly string[]): Promise<string> {
    const heard = this.program.said.length;
    this.program.write(words.join(' '));
    return this.program.line(`an answer to ${words.join(' ')}`, (line) => {
      return this.program.said.indexOf(line, heard) >= 0 && /^(ok|no)\b/.test(line) ? line : undefined;
    });
  }

  /** The addresses that accounts connected at `url` come back to are known to the vendors. */
  async register(url: string): Promise<void> {
    await this.tell('register', url);
  }

  async stop(): Promise<void> {
    await this.program.kill();
  }
}
