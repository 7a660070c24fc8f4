import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sortByBytes } from '../src/lib/order.ts';

const licenseFile = /^(?:licen[cs]e|copying|notice)(?:\.\w+)?$/i;

/**
 * The licences of all that goes into the built program, as they demand it.
 * @param modules the bundled modules' paths
 * @throws Error if a package has no file with its licence
 */
export function thirdPartyNotices(modules: readonly string[]): string {
  const packages = modules.map((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  // Its helpers are in the bundle as well.
  const bundler = dirname(createRequire(import.meta.url).resolve('rolldown/package.json'));
  const directories = new Set([bundler, ...packages.filter((directory) => directory !== undefined)]);
  const notices = sortByBytes([...directories].map((directory) => notice(directory, directories)));
  return `The program contains these packages.\n\n${notices.join('\n')}`;
}

function notice(directory: string, all: ReadonlySet<string>): string {
  const { name, version, license } = manifestOf(directory);
  const texts = licenceTexts(directory) ?? siblingTexts(directory, all);
  if (texts === undefined) throw new Error(`${name} ${version} has no file with its licence`);
  return `=== ${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

function licenceTexts(directory: string): string[] | undefined {
  const files = readdirSync(directory).filter((file) => licenseFile.test(file));
  if (files.length === 0) return undefined;
  return sortByBytes(files).map((file) => readFileSync(join(directory, file), 'utf8').trim());
}

/** Of several packages of one repository and licence, one may have been published without the file. */
function siblingTexts(directory: string, all: ReadonlySet<string>): string[] | undefined {
  const { license, repository } = manifestOf(directory);
  const isSibling = (other: Manifest) =>
    repository?.url !== undefined && other.repository?.url === repository.url && other.license === license;
  const siblings = sortByBytes(all).filter((other) => isSibling(manifestOf(other)));
  return siblings.map(licenceTexts).find((texts) => texts !== undefined);
}

function manifestOf(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
}

interface Manifest {
  name: string;
  version: string;
  license: string;
  repository?: { url?: string };
}
