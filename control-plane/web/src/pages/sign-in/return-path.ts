/** Where to go after signing in: a page of this site, and not the sign-in again. */

/** Below the base, as `targets?x=1#y`; empty, the start page, for whatever else comes. */
export function returnPath(wanted: string | null | undefined): string {
  // A path begins with a name; what begins with `/`, `\` or a scheme leads elsewhere, and browsers drop tabs and
  // line ends before they look.
  if (!wanted || !/^[A-Za-z0-9_-][^\\\u0000-\u001f\u007f]*$/.test(wanted)) return '';
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(wanted)) return '';
  const path = wanted.split(/[?#]/, 1)[0];
  return path === 'login' || path === 'setup' ? '' : wanted;
}
