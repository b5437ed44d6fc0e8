/** Ids and addresses, short enough to be read. */

/** The last 12 characters: ids begin with the time, so the first ones of neighbours are the same. */
export function shortId(id: string): string {
  return id.replaceAll('-', '').slice(-12);
}

/** Cut in the middle, where addresses differ least. */
export function middle(text: string, longest: number): string {
  const characters = [...text];
  if (characters.length <= longest) return text;
  const head = Math.ceil((longest - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (longest - 1 - head)).join('')}`;
}

/** `shop.example.com/docs` of an address; the text itself when it is none. */
export function hostAndPath(url: string): string {
  if (!URL.canParse(url)) return url;
  const { host, pathname, search } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}${search}`;
}
