// What is copied of a selection: the text of each row, on a line of its own. Browsers see no lines in rows that
// are placed freely.

export function copySelection(event: ClipboardEvent): void {
  const selection = document.getSelection();
  const layer = event.currentTarget;
  if (!selection || selection.isCollapsed || !(layer instanceof HTMLElement) || !event.clipboardData) return;
  const range = selection.getRangeAt(0);
  let text = '';
  for (const row of layer.querySelectorAll('.slog-row:not(.is-skeleton)')) {
    if (!range.intersectsNode(row)) continue;
    const isContinuation = row.querySelector('.slog-number')?.getAttribute('data-n') === '↪';
    text += (text === '' || isContinuation ? '' : '\n') + textWithin(row, range);
  }
  event.clipboardData.setData('text/plain', text);
  event.preventDefault();
}

/** The part of a row's text that is selected, without its buttons. */
function textWithin(row: Element, range: Range): string {
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  let text = '';
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!range.intersectsNode(node) || node.parentElement?.classList.contains('slog-more')) continue;
    const start = node === range.startContainer ? range.startOffset : 0;
    const end = node === range.endContainer ? range.endOffset : node.textContent!.length;
    text += node.textContent!.slice(start, end);
  }
  return text;
}
