/** The Chromium of this machine: nothing here downloads one. */
import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';

/** It asks nothing of any network by itself, and needs no rights that a container lacks. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Its path; undefined where there is none. `CHROMIUM` names another. */
export function findBrowser() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter((name) => name !== undefined);
  const places = names.map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim() ?? '');
  return places.find((path) => path !== '' && spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** Starts it. @param {string} executablePath see {@link findBrowser} */
export function launchBrowser(executablePath) {
  // Its handlers of signals would keep a program alive whose test or measurement hangs.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  return chromium.launch({ executablePath, chromiumSandbox: false, args: FLAGS, ...signals });
}
