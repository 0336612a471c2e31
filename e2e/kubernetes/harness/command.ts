/** Programs that tests run: kubectl, as users do, and the faults of the kit. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { kit } from './settings.js';

const outputLimit = 64 << 20;

export interface CommandOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves to what it printed; a failure tells what it complained of. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolved, failed) => {
    const child = execFile(
      program,
      [...args],
      {
        timeout: options.timeoutMs ?? 60_000,
        maxBuffer: outputLimit,
        env: { ...process.env, ...options.env },
      },
      (error, stdout, stderr) => {
        if (error === null) resolved(stdout);
        else failed(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`));
      },
    );
    child.stdin?.end(options.input ?? '');
  });
}

export function kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return run('kubectl', args, options);
}

/** A fault of e2e/kube/fault.sh, or the end of one. */
export async function fault(namespace: string, ...args: readonly string[]): Promise<void> {
  await run(resolve(kit, 'fault.sh'), args, { env: { NAMESPACE: namespace } });
}
