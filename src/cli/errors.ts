import { lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { Json } from '../lib/canonical-json.ts';
import { CosaError, formatPosition } from '../lib/errors.ts';
import { message } from './render/lines.ts';
import { line, lines, terminalText } from './render/shown.ts';
import type { Style } from './render/style.ts';

/**
 * Makes of anything thrown the error to show: a {@link CosaError} stays, a full disk and other errors
 * of the system become one that names the path, and all else is a bug of ours (code `INTERNAL`).
 */
export function presentable(error: unknown): CosaError {
  const full = causes(error).find(isDiskFull);
  if (full !== undefined) return diskFull(full);
  if (error instanceof CosaError) return error;
  if (isSystemFailure(error)) return systemFailure(error);
  return new CosaError('INTERNAL', `internal error: ${error instanceof Error ? error.message : String(error)}`, {
    hint: 'this is a bug in cosa; please report it with the output of the same command with --verbose',
    cause: error,
  });
}

/** The lines for people: message with its position, hint, and with --verbose the causes. No final newline. */
export function errorText(error: CosaError, style: Style, verbose: boolean): string {
  const position = error.where === undefined ? '' : `${formatPosition(error.where)}: `;
  const parts = [message(style.red('error:'), position + error.message)];
  if (verbose) {
    for (const cause of causes(error.cause)) parts.push(style.dim(message(caused, causeText(cause))));
  }
  if (error.hint !== undefined) parts.push(message(style.cyan('hint:'), error.hint));
  return terminalText(lines(parts));
}

const caused = line`caused by:`;

/** The document that --json prints instead of a result. */
export function errorJson(error: CosaError): Json {
  return {
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint,
      where: error.where === undefined ? undefined : { ...error.where },
    },
  };
}

function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // A CosaError's message says it all; of any other error the place in our source is what helps.
  return cause instanceof CosaError ? `${cause.message} (${cause.code})` : (cause.stack ?? cause.message);
}

/** The error itself and what caused it, outermost first. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let next = error;
  while (next !== undefined && next !== null && !chain.includes(next)) {
    chain.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}

interface SystemFailure extends Error {
  code: string;
  errno: number;
  syscall: string;
  path?: string;
  dest?: string;
}

function isSystemFailure(error: unknown): error is SystemFailure {
  return error instanceof Error && 'syscall' in error && 'code' in error && 'errno' in error;
}

function isDiskFull(error: unknown): error is Error {
  if (isSystemFailure(error)) return error.code === 'ENOSPC' || error.code === 'EDQUOT';
  return error instanceof CosaError && error.message.includes('No space left on device');
}

function diskFull(error: Error): CosaError {
  const path = isSystemFailure(error) ? (error.dest ?? error.path) : undefined;
  const message = error instanceof CosaError ? `the disk is full\n${error.message}` : 'the disk is full';
  return new CosaError('DISK_FULL', path === undefined ? message : `${message}: cannot write ${path}`, {
    hint: 'make room (cosa prune --cache, cosa prune --keep COUNT), then run the same command again: finished work is kept',
    cause: error,
  });
}

function systemFailure(error: SystemFailure): CosaError {
  const [, description] = getSystemErrorMap().get(error.errno) ?? [];
  const place = [error.path, error.dest].filter((path) => path !== undefined).join(' -> ');
  const what = place === '' ? error.syscall : `${error.syscall} ${place}`;
  const isForbidden = error.code === 'EACCES' || error.code === 'EPERM';
  const hint = isForbidden && error.path !== undefined ? ownerHint(resolve(error.path)) : undefined;
  return new CosaError('SYSTEM', `${description ?? error.code}: ${what}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Whose it is explains most of what is forbidden: the work directory of a build by root, met by a user. */
function ownerHint(path: string): string | undefined {
  try {
    const { uid } = lstatSync(path);
    if (uid === process.getuid?.()) return dirname(path) === path ? undefined : ownerHint(dirname(path));
    return `${path} belongs to ${uid === 0 ? 'root' : `the user with the number ${uid}`}: run cosa as its owner, or use another directory`;
  } catch {
    return dirname(path) === path ? undefined : ownerHint(dirname(path));
  }
}
