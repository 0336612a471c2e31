/**
 * Prints the folders of the packages that a workspace needs to run, from the lock file, one a line:
 *   node scripts/list-packages.mjs WORKSPACE
 * Other workspaces that it depends on are left out, with what only they need.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [workspace] = process.argv.slice(2);
const root = join(import.meta.dirname, '..');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
if (workspace === undefined || packages[workspace] === undefined) {
  console.error('usage: node scripts/list-packages.mjs WORKSPACE');
  process.exit(2);
}

/** Where `name` is found from a package, as Node.js looks for it: in its own folder, then in those above. */
function resolvePackage(from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === '') return null;
  }
}

const found = new Set();
const waiting = [workspace];
while (waiting.length > 0) {
  const from = waiting.pop();
  const { dependencies, optionalDependencies, peerDependencies } = packages[from];
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    const path = resolvePackage(from, name);
    // Declarations of types are nothing at run time, and optional packages may not fit this machine.
    if (path === null || packages[path].link || name.startsWith('@types/') || found.has(path)) continue;
    if (!existsSync(join(root, path))) continue;
    found.add(path);
    waiting.push(path);
  }
}
console.log([...found].sort().join('\n'));
