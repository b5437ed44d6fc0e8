/** A `slipway-agent` of its own over a project. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from './api';
import { binary, Program } from './program';
import { eventually } from './wait';

export class Agent {
  private constructor(
    private readonly state: string,
    private readonly args: readonly string[],
    private program: Program,
  ) {}

  /** Enrols an agent for a sandbox over `workspace` and waits until it is connected. */
  static async start(api: Api, agentUrl: string, sandbox: string, workspace: string): Promise<Agent> {
    const { token } = await api.post(`/api/sandboxes/${sandbox}/enroll-token`);
    const state = mkdtempSync(join(tmpdir(), 'slipway-agent-'));
    // Builds run as another user when we are root; they must be able to pass through.
    chmodSync(state, 0o711);
    const tokenFile = join(state, 'token');
    writeFileSync(tokenFile, token);
    const args = [
      ...['run', '--control-plane', agentUrl, '--workspace', workspace, '--token-file', tokenFile],
      ...['--state-dir', join(state, 'state'), '--build-dir', join(state, 'builds')],
    ];
    const agent = new Agent(state, args, new Program(binary('slipway-agent'), args));
    await eventually('the agent to be online', async () => {
      return (await api.get(`/api/sandboxes/${sandbox}`)).status === 'online';
    });
    return agent;
  }

  /** Ends it without warning. */
  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Starts it again, after `kill`. */
  startAgain(): void {
    this.program = new Program(binary('slipway-agent'), this.args);
  }

  /** Stands still, as a sandbox that is frozen does; until `resume`. */
  pause(): void {
    this.program.signal('SIGSTOP');
  }

  resume(): void {
    this.program.signal('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.program.kill();
    rmSync(this.state, { recursive: true, force: true });
  }
}
