/** A `slipway serve` of its own, on free ports and its own data. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './api';
import { binary, Program, run } from './program';
import { eventually } from './wait';

/** The API token of every control plane under test that is not set up by somebody. */
const TOKEN = 'slw_browser-test-token-0123456789abcdef01';
/** Nothing listens there: a credential of a test is nobody's business outside. */
const NOBODY = 'http://127.0.0.1:1/';
const VENDORS = ['GITHUB', 'GITLAB', 'VERCEL', 'NETLIFY', 'CLOUDFLARE_PAGES'];

export interface ControlPlaneOptions {
  /** More environment. */
  environment?: Readonly<Record<string, string>>;
  /** Nobody knows a token, and the first person is set up by the link. */
  isEmpty?: boolean;
  /** Free ports unless said. */
  ports?: { http: number; grpc: number };
}

export class ControlPlane {
  private constructor(
    readonly dataDir: string,
    /** Base URL of REST and the UI, without a slash at its end. */
    readonly url: string,
    readonly agentUrl: string,
    readonly api: Api,
    private program: Program,
    private readonly options: ControlPlaneOptions,
  ) {}

  static async start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const dataDir = mkdtempSync(join(tmpdir(), 'slipway-web-'));
    const { program, url, agentUrl } = await serve(dataDir, options.ports ?? { http: 0, grpc: 0 }, options);
    return new ControlPlane(dataDir, url, agentUrl, new Api(url, TOKEN), program, options);
  }

  /** What it said. */
  get said(): readonly string[] {
    return this.program.said;
  }

  /** The link with which the first person comes in. */
  setupLink(): Promise<string> {
    return this.program.line('a link for the first person', (line) => /https?:\S+\/setup\?token=\S+/.exec(line)?.[0]);
  }

  /** Ends it without warning, as a crash would. */
  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Ends it in order. */
  async terminate(): Promise<void> {
    await this.program.terminate();
  }

  /** Starts it again on the same data and ports, after `kill` or `terminate`. */
  async startAgain(): Promise<void> {
    const port = (url: string) => Number(new URL(url).port);
    const ports = { http: port(this.url), grpc: port(this.agentUrl) };
    this.program = (await serve(this.dataDir, ports, this.options)).program;
  }

  /** A command of `slipway` on its data directory. */
  command(args: readonly string[], input = ''): Promise<string> {
    return run(binary('slipway'), [...args, '--data-dir', this.dataDir], input);
  }

  /** Makes a person with a password. */
  async addPerson(name: string, password: string, isAdmin = false): Promise<void> {
    await this.command(['user', 'add', name, ...(isAdmin ? ['--admin'] : [])], `${password}\n`);
  }

  /** An API with a token of this person, who is made when there is none. */
  async apiOf(name: string, scope = 'admin'): Promise<Api> {
    return new Api(this.url, await this.command(['token', 'create', '--user', name, '--scope', scope]));
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.program.kill();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

async function serve(
  dataDir: string,
  ports: { http: number; grpc: number },
  options: ControlPlaneOptions,
): Promise<{ program: Program; url: string; agentUrl: string }> {
  const vendors = VENDORS.map((vendor) => [`SLIPWAY_PROVIDERS__${vendor}__API_URL`, NOBODY]);
  const program = new Program(
    binary('slipway'),
    ['serve', '--http', `127.0.0.1:${ports.http}`, '--grpc', `127.0.0.1:${ports.grpc}`, '--data-dir', dataDir],
    {
      ...Object.fromEntries(vendors),
      ...(options.isEmpty ? {} : { SLIPWAY_BOOTSTRAP_TOKEN: TOKEN }),
      // A spec asks more in a minute than people do.
      SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_USER: '0',
      SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_ADDRESS: '0',
      ...options.environment,
    },
  );
  const serving = /serving REST on http:\/\/([\d.:]+).*agents on https:\/\/([\d.:]+)/;
  const places = await program.line('the control plane to serve', (line) => serving.exec(line) ?? undefined);
  const url = `http://${places[1]}`;
  await eventually('readyz', async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok);
  return { program, url, agentUrl: `https://${places[2]}` };
}
