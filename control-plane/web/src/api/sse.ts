/** Server-Sent Events read from a stream of text: `EventSource` itself cannot begin behind a given event. */

export interface ServerEvent {
  /** What kind: `message` when the server names none. */
  name: string;
  data: string;
  /** The last id that was sent; empty when none was. */
  id: string;
}

/** An event larger than this is none of ours. */
const LARGEST = 4 * 1024 * 1024;

/** Takes text as it comes, cut anywhere, and gives the events that are complete (WHATWG HTML §9.2.6). */
export class EventParser {
  #rest = '';
  #name = '';
  #data: string[] = [];
  #id = '';

  /** Throws when an event grows beyond all bounds. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.#rest += text;
    // A CR at the end may be half of a CRLF, which ends one line and not two.
    const end = this.#rest.endsWith('\r') ? this.#rest.length - 1 : this.#rest.length;
    const lines = this.#rest.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + this.#rest.slice(end);
    if (this.#rest.length > LARGEST) throw new RangeError('an event is too large');
    for (const line of lines) {
      if (line !== '') this.#field(line);
      else if (this.#data.length > 0) events.push(this.#dispatch());
      else this.#name = '';
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch(): ServerEvent {
    const event = { name: this.#name || 'message', data: this.#data.join('\n'), id: this.#id };
    this.#name = '';
    this.#data = [];
    return event;
  }
}
