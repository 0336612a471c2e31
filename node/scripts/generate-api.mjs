/**
 * Generates code from proto/: for the public API message codecs by ts-proto and the descriptors that server reflection
 * hands out, and apart from it the codecs of what nodes say to each other (proto/p2p), of which nothing is public.
 * Runs offline, and does nothing when the result is up to date.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const script = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(script), '../..');
const protoFolder = path.join(root, 'proto');

/** Numbers of the public API are 64-bit to the last bit; those between nodes are safe integers, or refused. */
const publicApi = {
  output: path.join(root, 'node/src/api/grpc/generated'),
  select: ['--exclude-path', 'p2p'],
  forceLong: 'bigint',
  descriptors: true,
};
const betweenNodes = {
  output: path.join(root, 'node/src/peers/generated'),
  select: ['--path', 'p2p'],
  forceLong: 'number',
  descriptors: false,
};

function protoFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => path.join(folder, name));
}

/** Everything that the output depends on, as one hash. */
function inputs() {
  const hash = createHash('sha256');
  for (const file of [script, ...protoFiles(protoFolder)]) {
    hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  for (const tool of ['ts-proto', '@bufbuild/buf']) hash.update(require(`${tool}/package.json`).version);
  return hash.digest('hex');
}

const buf = path.join(path.dirname(require.resolve('@bufbuild/buf/package.json')), 'bin/buf');
const plugin = path.join(path.dirname(require.resolve('ts-proto/package.json')), 'protoc-gen-ts_proto');

/** `buf` is a Node script that starts the binary for this platform; nothing in it needs the network here. */
function runBuf(args) {
  return execFileSync(process.execPath, [buf, ...args], {
    cwd: protoFolder,
    maxBuffer: 16 << 20,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function writeCodecs({ output, select, forceLong }) {
  const options = [
    'esModuleInterop=true',
    'importSuffix=.js',
    `forceLong=${forceLong}`,
    'oneof=unions-value',
    'outputServices=generic-definitions',
    'outputJsonMethods=false',
    'outputPartialMethods=true',
    'useExactTypes=false',
    'useOptionals=none',
    'useMapType=true',
    'unrecognizedEnum=true',
    'removeEnumPrefix=false',
    'comments=false',
  ];
  const template = {
    version: 'v2',
    plugins: [{ local: [process.execPath, plugin], out: output, opt: options, include_imports: true }],
  };
  runBuf(['generate', '.', ...select, '--template', JSON.stringify(template)]);
}

function writeDescriptors({ output, select }) {
  const format = ['-o', '-#format=binpb', '--as-file-descriptor-set', '--exclude-source-info'];
  const descriptors = runBuf(['build', '.', ...select, ...format]);
  writeFileSync(
    path.join(output, 'descriptors.ts'),
    `/** A serialized google.protobuf.FileDescriptorSet of the public API. */\n` +
      `export const fileDescriptorSet = Buffer.from(\n  '${descriptors.toString('base64')}',\n  'base64',\n);\n`,
  );
}

const wanted = inputs();
for (const target of [publicApi, betweenNodes]) {
  const stamp = path.join(target.output, '.inputs');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) continue;
  rmSync(target.output, { recursive: true, force: true });
  mkdirSync(target.output, { recursive: true });
  writeCodecs(target);
  if (target.descriptors) writeDescriptors(target);
  writeFileSync(stamp, wanted);
}
