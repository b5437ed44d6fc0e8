// The public face of the log viewer.
//
//   const source = apiLogSource({ deploymentId, events: { onStep, onStatus, onDone } });  // ./api-source
//   const viewer = mountLogViewer(host, { source, steps, onStateChange });
//   viewer.update({ steps });
//   viewer.destroy();

import type { LogViewerHandle, LogViewerOptions } from './options';
import { LogViewer } from './viewer';

export * from './types';
export type { LogViewerHandle, LogViewerOptions } from './options';
export { ENGLISH, type LogMessages } from './messages';
export { parsePermalink, permalink } from './permalink';

/** Fills `host`, which has to have a height of its own, with a viewer of the log of `source`. */
export function mountLogViewer(host: HTMLElement, options: LogViewerOptions): LogViewerHandle {
  return new LogViewer(host, options);
}
