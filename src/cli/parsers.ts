import { InvalidArgumentError } from 'commander';
import { type ArchitectureName, architectureCalled, architectureNames } from '../lib/architecture.ts';
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

/**
 * A parser for a size in bytes, as GNU's programs read it: K, M, G and T are powers of 1024, and so are KiB, MiB, …; kB, MB,
 * … are powers of 1000. https://www.gnu.org/software/coreutils/manual/html_node/Block-size.html
 */
export function size(text: string): number {
  const [, number = '', unit = '', ending = ''] = /^(\d+(?:\.\d+)?)(?:([kKMGT])(iB|B)?|B)?$/.exec(text) ?? [];
  const bytes = Number(number) * (ending === 'B' ? 1000 : 1024) ** ' KMGT'.indexOf(unit.toUpperCase() || ' ');
  if (number === '' || !Number.isSafeInteger(Math.floor(bytes))) {
    throw new InvalidArgumentError('Expected a size such as 10G, 500MiB or 1.5TB.');
  }
  return Math.floor(bytes);
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

/** A parser for an architecture, as configs, OCI or Debian spell it. */
export function architecture(text: string): ArchitectureName {
  const row = architectureCalled(text);
  if (row !== undefined) return row.name;
  throw new InvalidArgumentError(`Expected ${architectureNames.join(', ')}, or what OCI or Debian call one of them.`);
}

/** A parser for where a server listens: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or a port of the loopback interface. */
export function listenAddress(text: string): { host: string; port: number } {
  const [, bracketed, name, digits = ''] = /^(?:(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) {
    throw new InvalidArgumentError('Expected HOST:PORT or PORT, such as 127.0.0.1:8080, [::1]:8080 or 8080.');
  }
  return { host: bracketed ?? name ?? '127.0.0.1', port };
}
