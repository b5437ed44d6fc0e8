/**
 * One deployment under observation: loaded, then followed to its end over one connection, which the log
 * shares. Whatever shows the deployment reads it here.
 */
import { api, asProblem, body, isAbort, type ApiProblem } from '../api';
import { followDeployment, type FollowHandlers, type FollowState, type StatusEvent, type StepEvent } from '../api/events';
import { serverNow } from '../format/clock.svelte';
import { isActive, type Deployment } from './status';

/** Behind every line: steps and status come, lines do not. */
const NO_LINES = Number.MAX_SAFE_INTEGER;
/** The log asks for lines as soon as it has read the end; until then nobody needs a connection. */
const WAIT_FOR_LOG = 1_500;

export class DeploymentWatch {
  deployment = $state.raw<Deployment>();
  problem = $state.raw<ApiProblem>();
  connection = $state<FollowState>('connecting');
  /** When something was last heard; milliseconds since 1970. */
  heardAt = $state(serverNow());
  /** When the build last printed something, as far as this page has seen. */
  printedAt = $state<number>();
  /** Somebody asked to stop it, here or elsewhere. */
  isCancelling = $state(false);

  readonly #id: string;
  readonly #ended = new AbortController();
  #follow: { close(): void } | undefined;
  #begin: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
  }

  /** Loads it and begins to follow; returns how to stop. */
  start(): () => void {
    void this.reload();
    this.#begin = setTimeout(() => this.#connect(NO_LINES, {}), WAIT_FOR_LOG);
    return () => this.stop();
  }

  stop(): void {
    clearTimeout(this.#begin);
    this.#ended.abort();
    this.#follow?.close();
  }

  readonly reload = async (): Promise<void> => {
    try {
      const path = { id: this.#id };
      this.deployment = await body(api.GET('/api/deployments/{id}', { params: { path }, signal: this.#ended.signal }));
      this.problem = undefined;
      this.heardAt = serverNow();
    } catch (error) {
      if (!isAbort(error) && !this.#ended.signal.aborted) this.problem = asProblem(error);
    }
  };

  /** What an answer of the API says, without waiting for the stream. */
  set(deployment: Deployment): void {
    this.deployment = deployment;
    this.heardAt = serverNow();
  }

  /** For the log: lines behind `after` from now on, until closed. The page's connection becomes this one. */
  readonly followLines = (_id: string, after: number, handlers: FollowHandlers): { close(): void } => {
    clearTimeout(this.#begin);
    const mine = this.#connect(after, handlers);
    return {
      close: () => {
        if (this.#follow !== mine) return;
        mine?.close();
        this.#follow = undefined;
        if (!this.#ended.signal.aborted && this.#isOpen()) this.#connect(NO_LINES, {});
      },
    };
  };

  #isOpen(): boolean {
    return this.deployment === undefined || isActive(this.deployment) || this.deployment.log.complete === null;
  }

  #connect(after: number, log: FollowHandlers): { close(): void } | undefined {
    this.#follow?.close();
    this.#follow = undefined;
    if (!this.#isOpen()) {
      this.connection = 'ended';
      // Not before whoever asked has what this returns.
      queueMicrotask(() => log.onState?.('ended'));
      return undefined;
    }
    this.#follow = followDeployment(this.#id, after, {
      onLines: (lines) => {
        this.printedAt = serverNow();
        this.heardAt = this.printedAt;
        log.onLines?.(lines);
      },
      onStep: (step) => this.#onStep(step),
      onStatus: (status) => this.#onStatus(status),
      onDone: () => void this.reload(),
      onState: (state) => {
        this.connection = state;
        log.onState?.(state);
      },
    });
    return this.#follow;
  }

  #onStep(step: StepEvent): void {
    this.heardAt = serverNow();
    const deployment = this.deployment;
    if (!deployment) return;
    const steps = deployment.steps.map((known) => (known.name === step.name ? forward(known, step) : known));
    this.deployment = { ...deployment, steps };
  }

  #onStatus(status: StatusEvent): void {
    this.heardAt = serverNow();
    const before = this.deployment;
    if (!before || (!isActive(before) && isActive(status))) return;
    this.deployment = { ...before, ...status };
    // What only the whole record tells: its times, the artifact, why it failed.
    if (before.status !== status.status) void this.reload();
  }
}

/** A step as it is told; its progress never goes back while it runs. */
function forward(known: StepEvent, told: StepEvent): StepEvent {
  const [before, now] = [known.progress, told.progress];
  if (known.state !== 'running' || told.state !== 'running' || !before || !now) return told;
  return now.done * before.total < before.done * now.total ? { ...told, progress: before } : told;
}
