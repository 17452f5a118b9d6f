// The golden files of the registry crate: the module refuses each with the word that its name begins with.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { thrown, VerifiedManifest } from '../lib/module.mjs';

const golden = new URL('../../../crates/registry/tests/golden/', import.meta.url);
const NOW = Date.parse('2026-11-20T06:00:00Z');
const trust = JSON.stringify({ last_version: 4 });
const verify = (file) => VerifiedManifest.verify(readFileSync(new URL(file, golden)), trust, NOW);

test('what the registry crate accepts is accepted', () => {
  const manifest = verify('accepted/fresh.json');
  assert.equal(manifest.freshness, 'fresh');
  assert.equal(JSON.parse(manifest.trust).last_version, manifest.version);
  assert.equal(verify('accepted/within_grace.json').freshness, 'expired_within_grace');
  assert.equal(verify('accepted/newer_publisher.json').bundle('champion').artifacts.length, 3);
});

test('only the named bytes are the artifact', () => {
  const manifest = verify('accepted/fresh.json');
  const { sha256 } = manifest.bundle('champion').artifacts.find(({ name }) => name === 'encoder.onnx');
  manifest.verifyArtifact(sha256, Buffer.from('encoder'));
  assert.equal(thrown(() => manifest.verifyArtifact(sha256, Buffer.from('encodeR'))).code, 'wrong_hash');
  assert.equal(thrown(() => manifest.verifyArtifact(sha256, Buffer.from('encode'))).code, 'wrong_length');
  assert.equal(thrown(() => manifest.verifyArtifact('../x', Buffer.from(''))).code, 'malformed_hash');
});

test('a trust state that cannot be read is refused, not taken for none', () => {
  const manifest = readFileSync(new URL('accepted/fresh.json', golden));
  assert.equal(thrown(() => VerifiedManifest.verify(manifest, 'x', NOW)).code, 'wrong_argument');
});

for (const file of readdirSync(new URL('refused/', golden))) {
  test(`refused: ${file}`, () => assert.equal(thrown(() => verify(`refused/${file}`)).code, file.split('.')[0]));
}
