/** The value that a server's text holds, or `undefined` if it is no JSON: for a schema to check. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
