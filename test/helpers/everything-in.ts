/** All that an error could show anywhere: for tests which look for a secret in it. */
export function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [JSON.stringify(error), error.message, error.stack ?? '', everythingIn(error.cause)].join('\n');
}
