/** Puts something in the top layer beside the control it belongs to, and keeps it there. */

const GAP = 4;
const EDGE = 8;

/** Returns how to let go. `align`: which edges are in line. */
export function place(floating: HTMLElement, anchor: HTMLElement, align: 'start' | 'end'): () => void {
  const update = () => {
    const at = anchor.getBoundingClientRect();
    const width = floating.offsetWidth;
    const isRightToLeft = getComputedStyle(anchor).direction === 'rtl';
    const isLeft = (align === 'start') !== isRightToLeft;
    const left = isLeft ? at.left : at.right - width;
    const below = window.innerHeight - at.bottom - GAP - EDGE;
    const above = at.top - GAP - EDGE;
    const height = floating.scrollHeight;
    const isBelow = height <= below || below >= above;
    floating.style.maxHeight = `${Math.max(120, isBelow ? below : above)}px`;
    floating.style.overflowY = 'auto';
    floating.style.left = `${Math.max(EDGE, Math.min(left, window.innerWidth - width - EDGE))}px`;
    floating.style.top = isBelow ? `${at.bottom + GAP}px` : `${Math.max(EDGE, at.top - GAP - Math.min(height, above))}px`;
  };
  update();
  const stop = new AbortController();
  window.addEventListener('resize', update, { signal: stop.signal });
  window.addEventListener('scroll', update, { signal: stop.signal, capture: true, passive: true });
  const resized = new ResizeObserver(update);
  resized.observe(floating);
  return () => {
    stop.abort();
    resized.disconnect();
  };
}
