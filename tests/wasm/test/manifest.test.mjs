// The registry's checks, as a browser runs them before it uses anything.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { artifact, registry, thrown, VerifiedManifest } from '../lib/module.mjs';

const now = Date.now();
const years = (n) => n * 366 * 24 * 3600 * 1000;

test('the registry that is served is trusted, and names the champion with its artifacts', () => {
  const manifest = VerifiedManifest.verify(registry, undefined, now);
  assert.equal(manifest.freshness, 'fresh');
  assert.ok(manifest.version >= 1);
  const { id, artifacts } = manifest.bundle('champion');
  assert.match(id, /^[0-9a-f]{64}$/);
  const names = artifacts.map(({ name }) => name);
  for (const name of ['bundle.json', 'tokenizer.json', 'encoder.onnx', 'response_type.onnx', 'stage.onnx']) {
    assert.ok(names.includes(name), name);
  }
});

test('one changed character is refused', () => {
  const text = registry.toString('utf8').replace(/"version": ?(\d+)/, (whole, n) => whole.replace(n, `${n}1`));
  assert.notEqual(text, registry.toString('utf8'));
  const error = thrown(() => VerifiedManifest.verify(Buffer.from(text), undefined, now));
  assert.ok(error instanceof Error);
  assert.equal(error.code, 'wrong_signature');
});

test('what is not JSON is refused', () => {
  const error = thrown(() => VerifiedManifest.verify(Buffer.from('<html>'), undefined, now));
  assert.equal(error.code, 'malformed_manifest');
});

test('an expired manifest is refused', () => {
  const { expiresAt } = VerifiedManifest.verify(registry, undefined, now);
  const error = thrown(() => VerifiedManifest.verify(registry, undefined, Date.parse(expiresAt) + years(2)));
  assert.equal(error.code, 'expired');
});

test('a manifest older than the last trusted one is refused', () => {
  const manifest = VerifiedManifest.verify(registry, undefined, now);
  assert.equal(VerifiedManifest.verify(registry, manifest.trust, now).version, manifest.version);
  const later = JSON.stringify({ last_version: manifest.version + 1 });
  assert.equal(thrown(() => VerifiedManifest.verify(registry, later, now)).code, 'older_version');
});

test('an artifact with one changed byte is refused, and so is one that the manifest does not name', () => {
  const manifest = VerifiedManifest.verify(registry, undefined, now);
  const { sha256 } = manifest.bundle('champion').artifacts.find(({ name }) => name === 'bundle.json');
  const bytes = Buffer.from(artifact(sha256));
  manifest.verifyArtifact(sha256, bytes);
  bytes[bytes.length >> 1] ^= 1;
  assert.equal(thrown(() => manifest.verifyArtifact(sha256, bytes)).code, 'wrong_hash');
  assert.equal(thrown(() => manifest.verifyArtifact('0'.repeat(64), bytes)).code, 'wrong_hash');
});

test('an alias that is not there is refused by name', () => {
  const manifest = VerifiedManifest.verify(registry, undefined, now);
  assert.match(thrown(() => manifest.bundle('nobody')).message, /nobody/);
});
