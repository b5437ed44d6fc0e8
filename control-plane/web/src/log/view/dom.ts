// Small hands for the DOM. Text only ever becomes text.

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, className = '', text = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

export interface ButtonOptions {
  className?: string;
  /** Shown; also the accessible name. */
  label: string;
  /** Name of an icon in `log.css`; the label then is for those who cannot see it, and a title. */
  icon?: string;
  shortcut?: string;
  onPress: (event: MouseEvent) => void;
}

export function button({ className = '', label, icon, shortcut, onPress }: ButtonOptions): HTMLButtonElement {
  const made = element('button', `slog-button ${className}`.trim());
  made.type = 'button';
  if (icon === undefined) made.textContent = label;
  else {
    made.classList.add('slog-icon', `slog-icon-${icon}`);
    made.setAttribute('aria-label', label);
    made.title = shortcut === undefined ? label : `${label} (${shortcut})`;
  }
  if (shortcut !== undefined) made.setAttribute('aria-keyshortcuts', shortcut);
  made.addEventListener('click', onPress);
  return made;
}

/** Changes only what differs: the browser does work for every write. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}
