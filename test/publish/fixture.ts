/** A document in the form that Fedora CoreOS publishes, with values of our own. */
export function fixture(name: string): URL {
  return new URL(`fixtures/${name}`, import.meta.url);
}
