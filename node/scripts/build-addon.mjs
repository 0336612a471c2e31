// Builds the native engine to node/build/Release/engine.node with node-gyp, and never downloads
// anything: the Node headers are those beside the running node, those of Debian in /usr, or, as the
// addon uses nothing but Node-API, those of the npm package node-api-headers.
//
// JOBS sets how many files are compiled at a time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const nodeFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const buildFolder = join(nodeFolder, 'build');
const nativeFolder = join(nodeFolder, 'native');
const jobs = process.env.JOBS || String(availableParallelism());

/** Headers that do not come with the compiler, and the Debian packages that bring them. */
const HEADERS = {
  'faiss/impl/HNSW.h': 'libfaiss-dev',
  'cblas.h': 'libopenblas-dev',
  'rocksdb/db.h': 'librocksdb-dev',
};

/** @param {string} sentence @returns {never} */
function fail(sentence) {
  console.error(`The native engine cannot be built: ${sentence}`);
  process.exit(1);
}

function checkTools() {
  for (const [command, packageName] of [
    ['make', 'make'],
    ['python3', 'python3'],
  ]) {
    if (spawnSync(command, ['--version']).error) fail(`${command} is missing; install the package ${packageName}.`);
  }
  const compiler = process.env.CXX || 'g++';
  const source = Object.keys(HEADERS)
    .map((header) => `#if !__has_include(<${header}>)\nmissing ${header}\n#endif\n`)
    .join('');
  const words = compiler.split(' ');
  const result = spawnSync(words[0], [...words.slice(1), '-E', '-P', '-x', 'c++', '-std=c++20', '-'], {
    input: source,
    encoding: 'utf8',
  });
  if (result.error || result.status !== 0) {
    fail(`the C++ compiler ${compiler} does not work; install the package g++ (11 or later).`);
  }
  const missing = result.stdout
    .split('\n')
    .filter((line) => line.startsWith('missing '))
    .map((line) => line.slice('missing '.length).replaceAll(' ', ''));
  if (missing.length > 0) {
    const packages = missing.map((header) => HEADERS[header] ?? header);
    fail(`the header ${missing.join(' and ')} is missing; install the package ${packages.join(' ')}.`);
  }
}

/** @param {string} folder */
function hasNodeHeaders(folder) {
  const include = join(folder, 'include', 'node');
  return ['node_api.h', 'common.gypi'].every((name) => existsSync(join(include, name)));
}

/**
 * A folder of the shape of Node's own headers, from the npm package, which has the headers of Node-API
 * alone: node-gyp wants a common.gypi too, with nothing in it but that release builds are wanted.
 */
function headersFromPackage() {
  let source;
  try {
    source = require('node-api-headers').include_dir;
  } catch {
    return fail(
      'no Node headers are beside the running node or in /usr, and the npm package node-api-headers is missing; run npm ci.',
    );
  }
  const folder = join(buildFolder, 'headers');
  const include = join(folder, 'include', 'node');
  mkdirSync(include, { recursive: true });
  for (const name of readdirSync(source)) {
    if (name.endsWith('.h')) copyFileSync(join(source, name), join(include, name));
  }
  const configuration = {
    target_defaults: { default_configuration: 'Release', configurations: { Release: {}, Debug: {} } },
  };
  writeFileSync(join(include, 'common.gypi'), JSON.stringify(configuration));
  return folder;
}

/** How node-gyp is told where the headers are. */
function headerOptions() {
  const beside = dirname(dirname(realpathSync(process.execPath)));
  const found = [beside, '/usr'].find(hasNodeHeaders);
  // With the package's headers comes no config.gypi; the running node knows what would be in it.
  return found ? [`--nodedir=${found}`] : [`--nodedir=${headersFromPackage()}`, '--force-process-config'];
}

/** @param {readonly string[]} arguments_ */
function nodeGyp(arguments_) {
  const program = join(dirname(require.resolve('node-gyp/package.json')), 'bin', 'node-gyp.js');
  // node-gyp asks for a folder for downloads, by default in HOME, which may be empty; nothing is put there.
  const always = [`--devdir=${join(buildFolder, 'downloads')}`, '--loglevel=warn'];
  const result = spawnSync(process.execPath, [program, ...arguments_, ...always], {
    cwd: nodeFolder,
    stdio: 'inherit',
  });
  if (result.status !== 0) fail('the messages of node-gyp and the compiler above say why.');
}

/** What the generated makefiles depend on: they list the sources, so that a new file means configuring again. */
function fingerprint() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(nodeFolder, 'binding.gyp')));
  hash.update(`${headers.join(' ')}\n${process.version}\n${process.arch}\n`);
  for (const folder of readdirSync(nativeFolder).sort()) {
    if (!folder.includes('.') && folder !== 'Makefile') {
      for (const name of readdirSync(join(nativeFolder, folder)).sort()) hash.update(`${folder}/${name}\n`);
    }
  }
  return hash.digest('hex');
}

const headers = headerOptions();
const configured = join(buildFolder, 'configured');
const wanted = fingerprint();
const fresh =
  existsSync(join(buildFolder, 'Makefile')) && existsSync(configured) && readFileSync(configured, 'utf8') === wanted;
if (!fresh) {
  checkTools();
  nodeGyp(['configure', ...headers]);
  writeFileSync(configured, wanted);
}
nodeGyp(['build', ...headers, `-j${jobs}`]);
