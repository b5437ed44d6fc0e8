/**
 * What may stand between a browser and the control plane: a proxy that serves it below a path, keeps streams from
 * coming through, cuts connections, or is slow.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ProxyOptions {
  /** Where the control plane is. */
  to: () => string;
  /** The path below which it is served; answers nothing outside of it. */
  prefix?: string;
  /** Whether the path is taken away before the control plane sees it. */
  strips?: boolean;
}

export class Proxy {
  /** What happens to event streams. `buffer`: nothing comes through until they end, as with a buffering proxy. */
  streams: 'pass' | 'refuse' | 'buffer' = 'pass';
  /** Before each request goes on. */
  delayMs = 0;
  /** Paths that came, in order. */
  readonly requests: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    private readonly options: ProxyOptions,
  ) {
    server.on('request', (from, answer) => void this.#handle(from, answer));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: ProxyOptions): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Proxy(server, options);
  }

  /** Where it listens, without a path. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What people type, without a slash at its end. */
  get url(): string {
    return `${this.origin}${this.options.prefix ?? ''}`;
  }

  /** Breaks every event stream that is open; answers how many there were. */
  cutStreams(): number {
    const count = this.#streams.size;
    for (const stream of this.#streams) stream.destroy();
    return count;
  }

  /** Breaks everything that is open. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #handle(from: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { prefix = '', strips = false } = this.options;
    const path = from.url ?? '/';
    this.requests.push(path);
    if (!path.startsWith(prefix)) {
      answer.writeHead(404).end('nothing here');
      return;
    }
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const isStream = from.headers.accept?.includes('text/event-stream') ?? false;
    if (isStream && this.streams === 'refuse') {
      answer.writeHead(502).end('no streams here');
      return;
    }
    const to = new URL((strips ? path.slice(prefix.length) : path) || '/', this.options.to());
    const onward = request(to, { method: from.method, headers: from.headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      if (isStream && this.streams === 'buffer') {
        answer.flushHeaders();
        const held: Buffer[] = [];
        response.on('data', (piece: Buffer) => held.push(piece));
        response.on('end', () => answer.end(Buffer.concat(held)));
      } else {
        answer.flushHeaders();
        response.pipe(answer);
      }
      if (isStream) {
        this.#streams.add(answer);
        answer.once('close', () => this.#streams.delete(answer));
      }
      response.once('error', () => answer.destroy());
    });
    onward.once('error', () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end('the control plane is away');
    });
    answer.once('close', () => onward.destroy());
    from.pipe(onward);
  }
}
