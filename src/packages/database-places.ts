import type { PackageFamily } from '../contract/lockfile.ts';
import { finalDatabase } from './deb/database.ts';
import { installedDatabase } from './rpm/database.ts';

/** Where each family's package database lies in a root that is finalized. */
export const databasePlaces: Readonly<Record<PackageFamily, string>> = {
  deb: finalDatabase,
  rpm: installedDatabase,
};
