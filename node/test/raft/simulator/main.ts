/** A process of its own for many seeds: takes a SeedRange as its argument and prints a SeedReport. */
import { runSeeds } from './run-seeds.js';
import type { SeedRange } from './run-seeds.js';

const range = JSON.parse(process.argv[2] ?? '{}') as SeedRange;
process.stdout.write(JSON.stringify(runSeeds(range)));
