/**
 * The package that every converted one needs first. Debian's scripts expect dpkg around them: what it tells them in the
 * environment, the control files that debconf looks for, and programs that must do nothing while a system is put together.
 */
export const scriptsPackage = 'debian-scripts';

export const scriptsDirectory = '/usr/lib/debian-scripts';

/** Runs the scripts of one package as dpkg does when it is first installed: all files of all packages are there. */
const configure = `#!/bin/sh
set -eu
package=$1 architecture=$2
scripts=${scriptsDirectory}/packages
database=/var/lib/dpkg
mkdir -p "$database/info" "$database/updates" "$database/triggers"
for file in status available diversions statoverride; do
  [ -e "$database/$file" ] || : >"$database/$file"
done
export PATH=${scriptsDirectory}/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true DEBCONF_NOWARNINGS=yes
export DPKG_MAINTSCRIPT_PACKAGE="$package" DPKG_MAINTSCRIPT_ARCH="$architecture" DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1
export DPKG_ROOT= DPKG_ADMINDIR="$database" DPKG_RUNNING_VERSION=1.22.0 DPKG_FORCE=
# debconf finds templates and questions beside the script, which it knows by its path.
for file in "$scripts/$package".*; do
  ln -sf "$file" "$database/info/"
done
run() {
  [ -e "$database/info/$package.$1" ] || return 0
  DPKG_MAINTSCRIPT_NAME=$1 "$database/info/$package.$1" "$2" ''
}
run preinst install
run postinst configure
for file in "$scripts/$package".*; do
  rm "$database/info/\${file##*/}"
done
`;

/** A configuration file that a script makes of a template: the template, if there is none yet. */
const ucf = `#!/bin/sh
for last; do
  source=\${target-}
  target=$last
done
[ -e "$target" ] || cp "$source" "$target"
`;

const nothing = '#!/bin/sh\nexit 0\n';

/** Programs by absolute path, all with mode 0755. */
export const scriptsPrograms: Readonly<Record<string, string>> = {
  [`${scriptsDirectory}/configure`]: configure,
  // There are no triggers: what they would do, each package's own script does when it is configured.
  [`${scriptsDirectory}/bin/dpkg-trigger`]: nothing,
  // An initramfs for the build machine's hardware is thrown away later; host keys belong to a machine.
  [`${scriptsDirectory}/bin/dracut`]: nothing,
  [`${scriptsDirectory}/bin/invoke-rc.d`]: nothing,
  [`${scriptsDirectory}/bin/ssh-keygen`]: nothing,
  [`${scriptsDirectory}/bin/ucf`]: ucf,
  // It registers what ucf has copied.
  [`${scriptsDirectory}/bin/ucfr`]: nothing,
  [`${scriptsDirectory}/bin/update-initramfs`]: nothing,
};
