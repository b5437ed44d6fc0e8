// The page of the log viewer's browser tests: they mount it through `window.lab`.

import { mountLogViewer, type LogViewerHandle, type LogViewerOptions } from '../../src/log';
import { step, SyntheticSource, type SyntheticOptions } from './synthetic';

const host = document.querySelector<HTMLElement>('#host')!;

const lab = {
  viewer: null as LogViewerHandle | null,
  source: null as SyntheticSource | null,
  announced: [] as string[],
  violations: [] as string[],
  step,
  mount(source: SyntheticOptions, options: Partial<LogViewerOptions> = {}): SyntheticSource {
    lab.viewer?.destroy();
    lab.source = new SyntheticSource(source);
    lab.announced = [];
    lab.viewer = mountLogViewer(host, {
      steps: [step('build', 'Building application', source.isRunning ? 'running' : 'failed')],
      onAnnounce: (text) => lab.announced.push(text),
      ...options,
      source: lab.source,
    });
    return lab.source;
  },
};
document.addEventListener('securitypolicyviolation', (event) => lab.violations.push(`${event.violatedDirective} ${event.sourceFile}:${event.lineNumber}`));

declare global {
  interface Window {
    lab: typeof lab;
  }
}
window.lab = lab;
