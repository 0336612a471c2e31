/** How far JavaScript's heap may grow before all of it is marked. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 counts the bytes of buffers as heap, and by default marks 26 MB of live objects anew for each 20 MB of request
 * bodies, operations and messages, although those die young and a scavenge frees them: 27 times for 20,000 points of
 * 384 floats to three replicas, a quarter of the processor time of an upload. With three times the live heap as the
 * limit it is twice, and scavenges keep memory where it was.
 */
const growthPercent = 200;

export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
