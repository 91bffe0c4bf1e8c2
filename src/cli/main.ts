#!/usr/bin/env node
import { run } from './run.ts';

// No top-level await: the status is set when the work is done, and the process ends when nothing is left to do.
void run(process.argv.slice(2));
