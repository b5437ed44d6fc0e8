/** The REST API, for what a spec prepares and compares with. */
import { eventually } from './wait';

/** Specs look into answers as far as they know them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

const FINAL = ['success', 'failed', 'cancelled'];

export class Api {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async send(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    return fetch(`${this.url}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  /** Must succeed. */
  async call(method: string, path: string, body?: unknown): Promise<Json> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  get(path: string): Promise<Json> {
    return this.call('GET', path);
  }

  post(path: string, body?: unknown): Promise<Json> {
    return this.call('POST', path, body ?? {});
  }

  /** A target of the provider that serves from this machine. */
  async localTarget(name = 'local', more: Record<string, unknown> = {}): Promise<Json> {
    return this.post('/api/deployments/targets', { provider: 'local', name, config: {}, ...more });
  }

  async deploy(sandbox: string, target: string, more: Record<string, unknown> = {}): Promise<Json> {
    return this.post(`/api/sandboxes/${sandbox}/deploy`, { target_id: target, ...more });
  }

  deployment(id: string): Promise<Json> {
    return this.get(`/api/deployments/${id}`);
  }

  /** Waits until the deployment has one of these statuses, and fails when it ends in another. */
  async waitFor(id: string, statuses: readonly string[], timeout = 90_000): Promise<Json> {
    const found = await eventually(`${id} to become ${statuses.join(' or ')}`, async () => {
      const deployment = await this.deployment(id);
      return statuses.includes(deployment.status) || FINAL.includes(deployment.status) ? deployment : undefined;
    }, timeout);
    if (!statuses.includes(found.status)) throw new Error(`wanted ${statuses.join(' or ')}, got ${JSON.stringify(found)}`);
    return found;
  }

  /** Every line of the log that is stored. */
  async lines(id: string): Promise<Json[]> {
    const lines: Json[] = [];
    for (;;) {
      const after = lines.at(-1)?.seq ?? 0;
      const part = await this.get(`/api/deployments/${id}/logs?format=json&limit=5000&after=${after}`);
      lines.push(...part.lines);
      if (part.lines.length === 0 || lines.at(-1).seq >= part.total_lines) return lines;
    }
  }
}
