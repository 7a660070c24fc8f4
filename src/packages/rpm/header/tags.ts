/**
 * Numbers of the values in a package's header, as rpm calls them.
 * https://rpm-software-management.github.io/rpm/manual/tags.html
 */
export const tag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  size: 1009,
  preScript: 1023,
  postScript: 1024,
  architecture: 1022,
  fileSizes: 1028,
  fileModes: 1030,
  fileTimes: 1034,
  fileLinks: 1036,
  fileFlags: 1037,
  fileUsers: 1039,
  fileGroups: 1040,
  sourceRpm: 1044,
  provideNames: 1047,
  requireFlags: 1048,
  requireNames: 1049,
  requireVersions: 1050,
  conflictFlags: 1053,
  conflictNames: 1054,
  conflictVersions: 1055,
  triggerScripts: 1065,
  changelogTimes: 1080,
  changelogNames: 1081,
  changelogTexts: 1082,
  obsoleteNames: 1090,
  fileInodes: 1096,
  sourcePackage: 1106,
  provideFlags: 1112,
  provideVersions: 1113,
  obsoleteFlags: 1114,
  obsoleteVersions: 1115,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  pretransScript: 1151,
  posttransScript: 1152,
  longFileSizes: 5008,
  longSize: 5009,
  recommendNames: 5046,
  recommendVersions: 5047,
  recommendFlags: 5048,
  fileTriggerScripts: 5066,
  transactionFileTriggerScripts: 5076,
  /** Hash of the payload as it is in the file, as hexadecimal digits, and its function. */
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
} as const;

/** Numbers of the values in the header of signatures that stands before a package's own. */
export const signatureTag = {
  /** The SHA-256 of the package's own header, as hexadecimal digits. */
  headerSha256: 273,
  /** Of the package's own header: by RSA, by anything else, and as rpm 6 has them, as texts of base64. */
  headerRsa: 268,
  headerDsa: 267,
  headerOpenPgp: 278,
  /** Of the header and the payload behind it, as all rpm had them once. */
  pgp: 1002,
  gpg: 1005,
} as const;

/** Bits of {@link tag.requireFlags} and its like. */
export const dependencyFlag = {
  /** A feature of rpm itself that the package needs. */
  rpmlib: 1 << 24,
} as const;

/** Bits of {@link tag.fileFlags}. */
export const fileFlag = {
  /** Owned, and not brought along. */
  ghost: 1 << 6,
} as const;
