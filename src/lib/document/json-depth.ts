/** True if arrays and objects of a JSON text are nested deeper than this. Says nothing of whether it is JSON. */
export function isDeeperThan(text: string, levels: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') index = endOfString(text, index);
    else if (character === ']' || character === '}') depth--;
    else if ((character === '[' || character === '{') && ++depth > levels) return true;
  }
  return false;
}

/** Where the string that begins at a quote ends: at its other quote, or with the text. */
function endOfString(text: string, begin: number): number {
  for (let index = begin + 1; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '"') return index;
  }
  return text.length;
}
