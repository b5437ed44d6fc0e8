/** Which of many things somebody means by a few letters. */

/** Those that match, best first; of equals the order stays. Everything matches nothing. */
export function rank<T>(items: readonly T[], text: string, name: (item: T) => string): T[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [...items];
  return items
    .flatMap((item, index) => {
      const score = scoreOf(name(item).toLowerCase(), wanted);
      return score === undefined ? [] : [{ item, index, score }];
    })
    .sort((a, b) => a.score - b.score || a.index - b.index)
    .map(({ item }) => item);
}

/** The smaller the better: begins with it, a word begins with it, has it, has its letters in order. */
function scoreOf(name: string, wanted: string): number | undefined {
  if (name.startsWith(wanted)) return 0;
  const at = name.indexOf(wanted);
  if (at > 0) return /[\s·•/_-]/.test(name.charAt(at - 1)) ? 1 : 2;
  let from = 0;
  for (const letter of wanted) {
    from = name.indexOf(letter, from) + 1;
    if (from === 0) return undefined;
  }
  return 3;
}
