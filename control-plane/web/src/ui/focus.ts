/** The focus is always somewhere: whoever goes by the keyboard would otherwise begin again at the top of the document. */

/** Puts it on the page's heading, when it is nowhere. */
export function focusHeading(): void {
  if (document.activeElement !== null && document.activeElement !== document.body) return;
  const heading = document.querySelector<HTMLElement>('main h1');
  heading?.setAttribute('tabindex', '-1');
  heading?.focus({ preventScroll: true });
}

/** Notices when what has the focus goes, as a row does that was deleted. Returns how to stop. */
export function keepFocus(within: HTMLElement): () => void {
  let focused: Element | undefined;
  const stop = new AbortController();
  const { signal } = stop;
  within.addEventListener('focusin', ({ target }) => (focused = target instanceof Element ? target : undefined), { signal });
  // Somebody goes elsewhere, or clicks beside everything. What is being taken away says the same, and is still there.
  within.addEventListener('focusout', ({ target }) => {
    queueMicrotask(() => {
      if (target === focused && focused?.isConnected) focused = undefined;
    });
  }, { signal });
  const observer = new MutationObserver(() => {
    if (!focused || focused.isConnected) return;
    focused = undefined;
    focusHeading();
  });
  observer.observe(within, { childList: true, subtree: true });
  signal.addEventListener('abort', () => observer.disconnect());
  return () => stop.abort();
}
