/** The original's log directives (`INFO`, `warn,raft=debug`) as one level: the first that names no part. */
const levels: Readonly<Record<string, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  off: 'silent',
};

export function logLevel(directives: string): string {
  const plain = directives.split(',').find((part) => !part.includes('=')) ?? 'info';
  return levels[plain.trim().toLowerCase()] ?? 'info';
}
