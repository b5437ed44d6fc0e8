/**
 * The workspace of a sandbox as a file. It comes as the answer to a POST, which no link can send: it is
 * received here and then given to the browser, so an archive that breaks off is never saved as if it were whole.
 */
import { api } from './client';

export type ArchiveFormat = 'zip' | 'tar' | 'tar.gz' | 'tar.zst';

export interface ArchiveOptions {
  includeGit: boolean;
  includeIgnored: boolean;
}

const COMPRESSIONS = { tar: 'none', 'tar.gz': 'gzip', 'tar.zst': 'zstd' } as const;

export async function downloadWorkspace(
  id: string,
  format: ArchiveFormat,
  options: ArchiveOptions,
  signal: AbortSignal,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const common = { include_git: options.includeGit, include_ignored: options.includeIgnored };
  const request = { params: { path: { id } }, parseAs: 'stream' as const, signal };
  const { response, data } = format === 'zip'
    ? await api.POST('/api/sandboxes/{id}/export/zip', { ...request, body: common })
    : await api.POST('/api/sandboxes/{id}/export/tar', {
        ...request, body: { ...common, compression: COMPRESSIONS[format] },
      });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let count = 0;
  for await (const part of data as unknown as ReadableStream<Uint8Array<ArrayBuffer>>) {
    parts.push(part);
    count += part.length;
    onReceived(count);
  }
  save(new Blob(parts, { type: response.headers.get('content-type') ?? '' }), nameOf(response) ?? `workspace.${format}`);
}

function nameOf(response: Response): string | undefined {
  return /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
