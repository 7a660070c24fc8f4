/** What is wrong with a database; who reads it knows of which root. */
export class InvalidDatabaseError extends Error {}
