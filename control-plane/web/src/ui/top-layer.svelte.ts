// A native popover beside the control that opens it: what menus and other popovers have in common.
import { place } from './place';

interface Parts {
  /** Of both; the control's ends in `-trigger`. */
  id: string;
  element: () => HTMLElement | undefined;
  align: () => 'start' | 'end';
  isOpen: () => boolean;
  setOpen: (isOpen: boolean) => void;
  /** It is shown now. */
  onshown?: () => void;
}

/** To be called while a component is set up. */
export function topLayer({ id, element, align, isOpen, setOpen, onshown }: Parts) {
  // Closing by a press on the control would open it again with the click that follows.
  let wasOpenWhenPressed = false;
  const anchor = () => document.getElementById(`${id}-trigger`);

  $effect(() => {
    const popover = element();
    if (!popover) return;
    const isShown = popover.matches(':popover-open');
    if (isOpen() && !isShown) {
      popover.showPopover();
      onshown?.();
    } else if (!isOpen() && isShown) {
      popover.hidePopover();
    }
  });

  $effect(() => {
    const [opener, popover] = [anchor(), element()];
    if (isOpen() && popover && opener) return place(popover, opener, align());
    return undefined;
  });

  $effect(() => {
    const opener = anchor();
    const pressed = () => (wasOpenWhenPressed = isOpen());
    opener?.addEventListener('pointerdown', pressed, { capture: true });
    return () => opener?.removeEventListener('pointerdown', pressed, { capture: true });
  });

  return {
    anchor,
    toggle() {
      setOpen(!(isOpen() || wasOpenWhenPressed));
      wasOpenWhenPressed = false;
    },
    close() {
      setOpen(false);
      anchor()?.focus();
    },
    /** For `onbeforetoggle`. Before, not after: whoever presses the next key at once must not find what only seems to be open. */
    toggled(event: ToggleEvent) {
      const isNowOpen = event.newState === 'open';
      if (!isNowOpen && isOpen() && element()?.contains(document.activeElement)) anchor()?.focus();
      setOpen(isNowOpen);
    },
  };
}
