/** Where to go after signing in: a page of this site, and not the sign-in again. */

/** Below the base path, as `/targets?x=1#y`; `/` for whatever else comes. */
export function returnPath(wanted: string | null | undefined): string {
  // Browsers read `/\host` and `//host` as another site, and drop tabs and line ends before they look.
  if (!wanted || !/^\/(?![/\\])[^\\\u0000-\u001f\u007f]*$/.test(wanted)) return '/';
  const path = wanted.split(/[?#]/, 1)[0];
  return path === '/login' || path === '/setup' ? '/' : wanted;
}
