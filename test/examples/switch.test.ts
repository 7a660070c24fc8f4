import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { isDigest } from '../../src/lib/digest.ts';
import { storeOsBuild } from '../helpers/os-build.ts';
import { skopeo } from '../helpers/peers.ts';
import { requestsOf } from '../helpers/testing-registry/log.ts';
import { startTestingRegistry } from '../helpers/testing-registry.ts';
import { checkout } from '../integration/fixture.ts';
import { testDirectory } from './installable.ts';
import { runOnDisks } from './own-devices.ts';

// A system that was installed from a file follows nothing, and has no address to ask about what it runs.

const program = join(checkout, 'examples/debian-coreos/overlay.d/30update/usr/bin/cosa-update');
const commit = 'c'.repeat(64);

/** What runs has no reference. The deployment is what `ostree` is told, for there is no system to deploy to. */
const system = (digest: string) => `
mkdir -p /ostree/deploy/os/deploy /etc/containers
printf '[origin]\\nrefspec=${commit}\\ncontainer-image-digest=${digest}\\n' > /ostree/deploy/os/deploy/${commit}.0.origin
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > /etc/containers/policy.json
cat > /usr/local/bin/ostree <<'END'
#!/bin/sh
case "$1 $2" in
    'admin status')
        [ ! -e /run/staged ] || cat /run/staged
        echo '* os ${commit}.0'
        ;;
    'admin deploy')
        for last; do :; done
        echo "  os $last.0 (staged)" > /run/staged
        tee /ostree/deploy/os/deploy/$last.0.origin < /var/lib/cosa-update/origin
        ;;
    'show '*) echo 'Date:  2025-01-01 00:00:00 +0000' ;;
esac
END
# Fedora has none.
printf '#!/bin/sh\\nexit 127\\n' > /usr/local/bin/dpkg
chmod +x /usr/local/bin/ostree /usr/local/bin/dpkg
export PATH=/usr/local/bin:$PATH
`;

async function scene() {
  const directory = await testDirectory();
  const registry = await startTestingRegistry();
  const layout = join(directory, 'oci');
  const shared = Object.fromEntries(['a', 'b', 'c'].map((name) => [`/usr/share/${name}`, name.repeat(4096)]));
  const first = await storeOsBuild(layout, { version: '1', files: { ...shared, '/usr/share/news': 'first' } });
  await storeOsBuild(layout, { version: '2', files: { ...shared, '/usr/share/news': 'second' } });
  const push = async (version: string, repository: string) => {
    const to = `docker://${registry.host}/${repository}:${version}`;
    const options = ['--quiet', '--preserve-digests', '--dest-tls-verify=false', '--insecure-policy'];
    await run(skopeo, ['copy', ...options, `oci:${layout}:${version}`, to]);
    return to;
  };
  const insecure = `printf '[[registry]]\\nlocation = "${registry.host}"\\ninsecure = true\\n' > /etc/containers/registries.conf`;
  const follow = async (reference: string) => {
    registry.log.length = 0;
    const result = await runOnDisks([], `${system(first.digest)}${insecure}\n${program} switch ${reference}`);
    const blobs = requestsOf(registry.log, { method: 'GET', path: /\/blobs\// });
    return { ...result, fetched: new Set(blobs.map(({ path }) => path)).size };
  };
  return { registry, first, push, follow };
}

test('a system that follows nothing yet fetches only what is new, where the repository has what it runs, too', async () => {
  const { registry, push, follow } = await scene();
  await using _registry = registry;
  await push('1', 'os/example');
  const reference = await push('2', 'os/example');
  const { stdout, stderr, exitCode, fetched } = await follow(reference);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const lines = stdout.trim().split('\n');
  expect(lines[0]).toMatch(/^2, sha256:[0-9a-f]{64}: 2 of 6 layers to fetch, \d+ bytes$/);
  expect(lines.slice(1, -2)).toEqual(['[origin]', `container-image-reference=ostree-unverified-image:${reference}`]);
  const digest = lines.at(-2)?.split('=')[1] ?? '';
  expect(isDigest(digest)).toBe(true);
  expect(lines.at(-1)).toBe('2 runs after a reboot');
  // Two layers and the configurations of both.
  expect(fetched).toBe(4);
});

test('where no repository has what it runs, it says why it fetches everything', async () => {
  const { registry, first, push, follow } = await scene();
  await using _registry = registry;
  const { stdout, stderr, exitCode, fetched } = await follow(await push('2', 'os/elsewhere'));
  expect(exitCode).toBe(0);
  expect(stderr).toBe(
    `${first.digest} is deployed here, and not in a registry any more: layers that it shares are fetched again\n`,
  );
  expect(stdout).toContain(': 6 of 6 layers to fetch, ');
  expect(fetched).toBe(7);
});
