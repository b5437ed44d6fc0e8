// The log of a deployment as our API gives it: parts as JSON, and the one connection that follows the
// deployment, which also tells of its steps and status.

import { api, BASE, body, type Schemas } from '../api/client';
import { followDeployment, type FollowHandlers } from '../api/events';
import type { LogLine, LogRange, LogSource } from './types';

export interface ApiLogSourceOptions {
  deploymentId: string;
  /** How it is followed, when the page has a connection that the log is to share. */
  follow?: typeof followDeployment;
  /** What else comes over the connection, so that the page needs none of its own. */
  events?: Pick<FollowHandlers, 'onStep' | 'onStatus' | 'onDone'>;
}

/** What the agent writes where a log was full (`agent/src/log/job_log.rs`). */
const NOT_KEPT = /^\[slipway: \d+ bytes in (\d+) lines were not kept here\]$/;

export function apiLogSource({ deploymentId, follow = followDeployment, events = {} }: ApiLogSourceOptions): LogSource {
  const path = { id: deploymentId };
  const read = async (query: { after?: number; before?: number; limit: number }, signal: AbortSignal): Promise<LogRange> => {
    const answer = api.GET('/api/deployments/{id}/logs', { params: { path, query: { format: 'json', ...query } }, signal });
    // One address answers in three forms; which one it is was said in the query.
    const part = (await body(answer)) as unknown as Schemas['LogRange'];
    return { lines: part.lines.map(line), last: part.total_lines, isComplete: part.is_complete };
  };
  return {
    tail: (limit, signal) => read({ limit }, signal),
    range: (query, signal) => read(query, signal),
    follow: (after, onBatch, onState) =>
      follow(deploymentId, after, { ...events, onLines: (lines) => onBatch(lines.map(line)), onState }),
    downloadUrl: (format) => (format === 'plain' ? `${BASE}/api/deployments/${encodeURIComponent(deploymentId)}/logs?format=text` : null),
  };
}

function line({ seq, stream, at, text, step, continued }: Schemas['LogEvent']): LogLine {
  const notKept = NOT_KEPT.exec(text);
  return {
    seq,
    stream,
    at: Date.parse(at),
    text,
    step,
    ...(continued ? { continued } : {}),
    ...(notKept ? { lost: Number(notKept[1]) } : {}),
  };
}
