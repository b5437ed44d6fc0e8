/** Puts text on the clipboard; whether it is there now. */
export async function copyText(text: string): Promise<boolean> {
  if (text === '') return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The clipboard API is there on HTTPS and on this machine only; elsewhere the old command does it.
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'sr-only';
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const isDone = document.execCommand('copy');
    field.remove();
    return isDone;
  }
}
