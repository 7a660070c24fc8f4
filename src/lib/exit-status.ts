/**
 * Exit statuses of the command line. They are an interface: scripts and pipelines branch on them.
 */
export const exitStatus = {
  ok: 0,
  failed: 1,
  usage: 2,
  missingTool: 3,
  verification: 4,
  testsFailed: 5,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export type ExitStatusName = keyof typeof exitStatus;
