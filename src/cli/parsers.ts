import { InvalidArgumentError } from 'commander';
import type { Platform } from '../oci/types.ts';

/** A parser for an option's value: a whole number from `minimum` to `maximum`. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Expected a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** A parser for an option that may be given several times. */
export function collect(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text];
}

/** A parser for a platform as OCI spells it: `linux/arm64`, `linux/arm/v7`. */
export function platform(text: string): Platform {
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9]+)(?:\/([a-z0-9]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new InvalidArgumentError('Expected OS/ARCHITECTURE as OCI spells them, such as linux/arm64.');
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
