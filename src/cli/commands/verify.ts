import { Option } from '@commander-js/extra-typings';
import { type VerifiedImage, verifyImage } from '../../flows/container/verify.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const verify = defineCommand({
  description:
    "Checks a container's signatures: with --key that this key has signed exactly this digest, otherwise that the " +
    'policy accepts it, as builds and promotions ask before they use a container. The policy is that of ' +
    '--policy, else policy.json of the work directory, else the one of podman and skopeo: ' +
    "containers/policy.json in the user's configuration or /etc. Of disk images, --key also checks the provenance: what " +
    'they were made of. If it is not accepted, it says why of each signature, ' +
    'and the exit status is 4.',
  configure: (command) =>
    command
      .argument('<reference>', 'the container')
      .option('--key <file>', 'the public key that must have signed it')
      .option('--identity <name>', 'with --key: the name that it must be signed under, HOST/REPOSITORY[:TAG]')
      .addOption(new Option('--policy <file>', 'a containers-policy.json(5) file').conflicts(['key', 'identity'])),
  examples: [
    {
      run: 'cosa verify --key release.pub docker://registry.example.com/os/example:stable',
      does: 'Check that a key has signed what a tag points to',
    },
    {
      run: 'cosa verify docker://registry.example.com/os/example:stable',
      does: 'Check it against the policy in force',
    },
  ],
  registries: true,
  run: async (context, [reference], { key, identity, policy }) => {
    const { directory } = context;
    const verified = await verifyImage(context, { directory, reference, key, identity, policy });
    const { digest, signatures, diskImages, policy: file, section } = verified;
    const checked = signatures.length > 0;
    if (!checked) {
      const message = `no signature of ${digest} was checked: the policy asks for none`;
      context.events({ type: 'warning', message, hint: 'name the key that must have signed it: --key FILE' });
    }
    return {
      text: verifiedText(verified, context.style),
      json: { digest, checked, policy: file, section, signatures, diskImages },
    };
  },
});

function verifiedText({ digest, signatures, diskImages = [], policy, section }: VerifiedImage, style: Style): Shown {
  const by = policy === undefined ? '' : ` by ${policy}, ${section}`;
  const rows = signatures.map(({ kind, key, identity }) => [`  ${kind}`, key, identity ?? '']);
  const parts = [line`${digest} is ${style.green('accepted')}${by}`];
  if (signatures.length === 0) parts.push(line`  no signature is asked for`);
  const disks = diskImages.map(({ platform = '-', container = '-', builder }) => [
    `  ${platform}`,
    `made of ${container}`,
    `by ${builder}`,
  ]);
  return lines([
    ...parts,
    ...(rows.length === 0 ? [] : [table(rows)]),
    ...(disks.length === 0 ? [] : [line`disk images, with good provenance:`, table(disks)]),
  ]);
}
