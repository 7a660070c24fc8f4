/** Characters that XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets */
const unwritable = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Text as it stands in an element or attribute. What XML cannot hold is replaced by U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(unwritable, '\ufffd').replace(/[&<>"'\t\n\r]/g, (character) => entities[character] ?? character);
}

/** A template of XML in which every value is escaped. */
export function xml(parts: TemplateStringsArray, ...values: readonly (string | number | boolean)[]): string {
  return parts.reduce((text, part, index) => text + escapeXml(String(values[index - 1])) + part);
}
