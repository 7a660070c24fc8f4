import { describe, expect, it } from 'vitest';
import { forgetSecrets } from '../../../src/rootfs/steps/forget-secrets.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

const pem = (label: string) => `-----BEGIN ${label}-----\nMIIE\n-----END ${label}-----\n`;
const rndcKey = 'key "rndc-key" {\n\talgorithm hmac-sha256;\n\tsecret "2ZQZVb3g8Yw1mCq2xTn5Bw==";\n};\n';

async function forgotten(nodes: Parameters<typeof writeTree>[0], packages: Readonly<Record<string, string[]>> = {}) {
  const root = await writeTree(nodes);
  const request = { packages: Object.entries(packages).map(([name, paths]) => ({ name, paths })) };
  const context = contextFor(root, request);
  await forgetSecrets.run(context);
  const left = Object.keys(await readTree(root)).filter((path) => !path.endsWith('/'));
  return { left, warnings: context.warnings };
}

describe('forgetSecrets', () => {
  it('removes a key with its certificate and the links to that, and names the package', async () => {
    const { left, warnings } = await forgotten(
      {
        'etc/ssl/private/ssl-cert-snakeoil.key': pem('PRIVATE KEY'),
        'etc/ssl/certs/ssl-cert-snakeoil.pem': pem('CERTIFICATE'),
        'etc/ssl/certs/5ed36f99.0': { link: 'ssl-cert-snakeoil.pem' },
        'etc/ssl/certs/authority.pem': pem('CERTIFICATE'),
        'etc/ssl/certs/11111111.0': { link: 'authority.pem' },
      },
      { 'ssl-cert': ['/usr/sbin/make-ssl-cert'] },
    );
    expect(left).toEqual(['/etc/ssl/certs/11111111.0', '/etc/ssl/certs/authority.pem']);
    expect(warnings).toEqual([
      '"/etc/ssl/private/ssl-cert-snakeoil.key", a private key that ssl-cert made when it was installed, would be the same ' +
        'on all machines: it is removed',
    ]);
  });

  it.each(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])(
    'knows a %s',
    async (label) => {
      const { left, warnings } = await forgotten({ 'var/lib/app/secret': `comment\n${pem(label)}` });
      expect(left).toEqual([]);
      expect(warnings).toHaveLength(1);
    },
  );

  it('knows keys of name servers and cookies of clusters', async () => {
    const { left, warnings } = await forgotten(
      {
        'etc/bind/rndc.key': rndcKey,
        'var/lib/rabbitmq/.erlang.cookie': 'ABCDEF',
        'etc/bind/named.conf': 'options {};',
      },
      { bind9: ['/etc/bind/named.conf'] },
    );
    expect(left).toEqual(['/etc/bind/named.conf']);
    expect(warnings).toEqual([
      '"/etc/bind/rndc.key", a shared key that bind9 made when it was installed, would be the same on all machines: it is removed',
      '"/var/lib/rabbitmq/.erlang.cookie", the cookie of an Erlang cluster that a package\'s script made when it was installed, ' +
        'would be the same on all machines: it is removed',
    ]);
  });

  it('guesses the package by what lies beside', async () => {
    const { warnings } = await forgotten(
      { 'etc/app/tls.key': pem('PRIVATE KEY'), 'etc/app/app.conf': '' },
      { app: ['/etc/app/app.conf'], other: ['/etc/other'] },
    );
    expect(warnings[0]).toContain('a private key that app made');
  });

  it('leaves what packages bring, public keys, and text that speaks of keys', async () => {
    const nodes = {
      'etc/app/example.key': pem('PRIVATE KEY'),
      'etc/app/public.pem': pem('PUBLIC KEY'),
      'etc/app/readme': 'a file that says -----BEGIN PRIVATE KEY----- somewhere in a line',
      'etc/app/named.conf': '// secret "…" comes from rndc.key\n',
      'usr/share/app/test.key': pem('PRIVATE KEY'),
    };
    const { left, warnings } = await forgotten(nodes, { app: ['/etc/app/example.key'] });
    expect(left).toHaveLength(5);
    expect(warnings).toEqual([]);
  });

  it('names databases, and leaves them', async () => {
    const { left, warnings } = await forgotten({ 'var/lib/postgresql/17/main/PG_VERSION': '17\n' });
    expect(left).toHaveLength(1);
    expect(warnings).toEqual([
      '"/var/lib/postgresql/17/main/PG_VERSION", a database cluster of PostgreSQL that a package\'s script made when it was ' +
        'installed, is the same on all machines, and another one in each build',
    ]);
  });
});
