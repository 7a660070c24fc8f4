/** Base64 with padding and nothing else, decoded; `undefined` for any other text, where Node would guess. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
