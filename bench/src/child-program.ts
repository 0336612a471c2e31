import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and parses the last line that it printed as JSON. What it writes to its error output goes
 * through to ours.
 */
export async function runForJson<Result>(command: string, args: readonly string[]): Promise<Result> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`${command} ${args[0] ?? ''} ended with ${code === null ? 'a signal' : `code ${code}`}`);
  const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
  return JSON.parse(lines[lines.length - 1]!) as Result;
}
