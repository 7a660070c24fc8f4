/**
 * The kernel's arguments on a platform, but for the one that names the deployment.
 * @param ignitionPlatform what Ignition is told that it runs on
 * @param extra those of image.json
 * @param platform those of the platform
 */
export function kernelArguments(
  ignitionPlatform: string,
  extra: readonly string[],
  platform: readonly string[],
): string[] {
  return [
    // ostree makes of a writable root what it wants: read-only /sysroot and /usr.
    'rw',
    'root=LABEL=root',
    // GRUB puts `ignition.firstboot` in its place, on the first boot alone.
    '$ignition_firstboot',
    `ignition.platform.id=${ignitionPlatform}`,
    ...extra,
    ...platform,
  ];
}
