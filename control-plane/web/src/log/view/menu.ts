// A menu in the top layer (`popover`), made when it opens and gone when it closes.

import { element } from './dom';

export type MenuItem =
  | { kind: 'action'; label: string; hint?: string; onPress: () => void }
  | { kind: 'link'; label: string; href: string; download?: string }
  | { kind: 'choice'; label: string; isChosen: boolean; onPress: () => void }
  | { kind: 'heading'; label: string };

export function openMenu(opener: HTMLElement, label: string, items: MenuItem[]): void {
  const menu = element('div', 'slog-menu');
  menu.popover = 'auto';
  menu.setAttribute('role', 'menu');
  menu.setAttribute('aria-label', label);
  for (const item of items) menu.append(itemElement(item, () => menu.hidePopover()));
  opener.after(menu);
  opener.setAttribute('aria-expanded', 'true');
  menu.addEventListener('keydown', (event) => moveFocus(menu, event));
  menu.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState !== 'closed') return;
    const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    opener.setAttribute('aria-expanded', 'false');
    if (hadFocus) opener.focus({ preventScroll: true });
  });
  menu.showPopover();
  place(menu, opener);
  focusable(menu)[0]?.focus();
}

function itemElement(item: MenuItem, close: () => void): HTMLElement {
  if (item.kind === 'heading') {
    const heading = element('div', 'slog-menu-heading', item.label);
    heading.setAttribute('role', 'presentation');
    return heading;
  }
  const made = item.kind === 'link' ? element('a', 'slog-menu-item', item.label) : element('button', 'slog-menu-item', item.label);
  made.tabIndex = -1;
  made.setAttribute('role', item.kind === 'choice' ? 'menuitemradio' : 'menuitem');
  if (made instanceof HTMLButtonElement) made.type = 'button';
  if (made instanceof HTMLAnchorElement && item.kind === 'link') {
    made.href = item.href;
    if (item.download !== undefined) made.download = item.download;
  }
  if (item.kind === 'choice') made.setAttribute('aria-checked', String(item.isChosen));
  if (item.kind === 'action' && item.hint !== undefined) made.append(element('kbd', '', item.hint));
  made.addEventListener('click', () => {
    close();
    if (item.kind !== 'link') item.onPress();
  });
  return made;
}

function focusable(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>('.slog-menu-item')];
}

function moveFocus(menu: HTMLElement, event: KeyboardEvent): void {
  const items = focusable(menu);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey ? event.key.toLowerCase() : null;
  let next: HTMLElement | undefined;
  if (event.key === 'ArrowDown') next = items[(at + 1) % items.length];
  else if (event.key === 'ArrowUp') next = items[(at - 1 + items.length) % items.length];
  else if (event.key === 'Home') next = items[0];
  else if (event.key === 'End') next = items[items.length - 1];
  else if (event.key === 'Tab') return menu.hidePopover();
  else if (typed !== null && typed !== ' ') {
    next = [...items.slice(at + 1), ...items].find((item) => item.textContent!.toLowerCase().startsWith(typed));
  } else return;
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}

/** Below its opener, inside the window. */
function place(menu: HTMLElement, opener: HTMLElement): void {
  const box = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const isBelow = box.bottom + 4 + height <= innerHeight || box.top < height;
  menu.style.left = `${Math.max(4, Math.min(box.right - width, innerWidth - width - 4))}px`;
  menu.style.top = `${isBelow ? box.bottom + 4 : box.top - height - 4}px`;
}
