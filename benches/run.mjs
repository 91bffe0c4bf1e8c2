#!/usr/bin/env node
/** The benchmarks: `npm run bench` runs all, `npm run bench -- NAME ...` some. Each result goes into the record of the day. */
import { ScriptError, start } from '../scripts/lib/run.mjs';
import { setup } from '../scripts/setup.mjs';
import { gigabytes, makeScratch, removeScratch, reserve } from './harness/disk.mjs';
import { readOptions, USAGE } from './harness/options.mjs';
import { benchProgram } from './harness/programs.mjs';
import { addToRecord, recordPath } from './harness/record.mjs';
import { BENCHES } from './suite/index.mjs';

await start(async () => {
  const options = readOptions(process.argv.slice(2));
  const unknown = options.names.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    const list = Object.entries(BENCHES).map(([name, { what }]) => `  ${name.padEnd(16)} ${what}`);
    throw new ScriptError(`no benchmark is called ${unknown}; there are:\n${list.join('\n')}\n\n${USAGE}`);
  }
  const chosen = Object.entries(BENCHES).filter(([name]) => options.names.length === 0 || options.names.includes(name));
  const fitting = chosen.filter(([, bench]) => bench.disk(options) <= options.maxDisk);
  for (const [name, bench] of chosen.filter((one) => !fitting.includes(one)))
    console.log(`${name}: left out, it needs ${gigabytes(bench.disk(options))} on disk (--max-disk)`);
  if (fitting.length === 0) throw new ScriptError('nothing is left to run');
  await reserve(options, Math.max(0, ...fitting.map(([, bench]) => bench.disk(options))));
  await setup();
  await benchProgram();
  const path = options.record ?? recordPath();
  for (const [at, [name, bench]] of fitting.entries()) {
    console.log(`[${at + 1}/${fitting.length}] ${name}: ${bench.what}`);
    const began = performance.now();
    const scratch = makeScratch(options.dir);
    const result = await bench.run(options, scratch);
    removeScratch(scratch);
    const seconds = (performance.now() - began) / 1000;
    console.log(`  took ${seconds.toFixed(0)} s`);
    if (!options.check) addToRecord(path, name, { took_seconds: Math.round(seconds), ...result });
  }
  if (!options.check) console.log(`recorded in ${path}; node scripts/readme.mjs fills the pages from it`);
});
