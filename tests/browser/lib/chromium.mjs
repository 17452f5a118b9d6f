// Debian's Chromium without a network of its own.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const executablePath = [process.env.RAPPORT_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
if (!executablePath) throw new Error('no Chromium; run scripts/setup or name one in RAPPORT_CHROMIUM');

const FLAGS = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

/** Opens a browser with a profile that has never been used; `close` also deletes the profile. */
export async function freshBrowser(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'rapport-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  context.setDefaultTimeout(60_000);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { context, close };
}

/** Collects what a page throws or complains about; a test compares it with what it expects. */
export function complaints(page) {
  const list = [];
  page.on('pageerror', (error) => list.push(error.message));
  page.on('console', (message) => message.type() === 'error' && list.push(message.text()));
  return list;
}
