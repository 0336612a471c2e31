/** Reads the layers of the configuration, weakest first, and checks them against the one schema. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadAll } from 'js-yaml';
import { environmentTree, isTree, mergeTrees, type ConfigTree } from './environment.js';
import { settingsSchema, type Settings } from './settings.js';

/** A reason not to start, as a sentence for the person who starts the node. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Keys of the files and the environment that the schema does not know, with dots. */
  readonly unknownKeys: readonly string[];
  /** Keys that somebody set, with dots: only these are worth a warning. */
  readonly givenKeys: ReadonlySet<string>;
  readonly files: readonly string[];
}

export interface SettingsSources {
  readonly workingFolder: string;
  readonly configPath: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const readableFormats = ['.yaml', '.yml', '.json'];
const otherFormats = ['.toml', '.ini', '.ron', '.json5'];

function readTree(path: string): ConfigTree {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(`The configuration file ${path} cannot be read: ${reason(error)}.`);
  }
  let documents: unknown[];
  try {
    documents = loadAll(content);
  } catch (error) {
    // The rest of the parser's message is a picture of the place, over several lines.
    throw new SettingsError(`The configuration file ${path} is not valid YAML: ${reason(error).split('\n')[0] ?? ''}.`);
  }
  const tree = documents[0] ?? {};
  if (!isTree(tree)) throw new SettingsError(`The configuration file ${path} must hold a mapping of keys to values.`);
  return tree;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The file `config/<name>.*`, when there is one. */
function layerFile(folder: string, name: string): string | null {
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch {
    return null;
  }
  const found = readableFormats.map((extension) => `${name}${extension}`).filter((file) => entries.includes(file));
  const unreadable = otherFormats.map((extension) => `${name}${extension}`).find((file) => entries.includes(file));
  if (unreadable !== undefined) {
    throw new SettingsError(
      `The configuration file ${join(folder, unreadable)} is in a format that is not read: write it as YAML or JSON.`,
    );
  }
  if (found.length > 1) {
    throw new SettingsError(`There are ${found.join(' and ')} in ${folder}: keep one of them.`);
  }
  return found[0] === undefined ? null : join(folder, found[0]);
}

function leafPaths(tree: ConfigTree, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) && Object.keys(value).length > 0 ? leafPaths(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

/** Paths of `given` that did not survive into `parsed`: the schema leaves out what it does not know. */
function unknownPaths(given: ConfigTree, parsed: ConfigTree, prefix = ''): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    if (!Object.hasOwn(parsed, key)) return [`${prefix}${key}`];
    const below = parsed[key];
    return isTree(value) && isTree(below) ? unknownPaths(value, below, `${prefix}${key}.`) : [];
  });
}

export function loadSettings(sources: SettingsSources): LoadedSettings {
  const folder = join(sources.workingFolder, 'config');
  const runMode = sources.environment['RUN_MODE'] ?? 'development';
  const files = ['config', runMode, 'local']
    .map((name) => layerFile(folder, name))
    .filter((file): file is string => file !== null);
  if (sources.configPath !== null) files.push(resolve(sources.workingFolder, sources.configPath));
  const layers = [...files.map(readTree), environmentTree(sources.environment)];
  const given = layers.reduce(mergeTrees, {});
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'the configuration'}: ${issue.message}`,
    );
    throw new SettingsError(`The configuration is not valid: ${issues.join('; ')}.`);
  }
  return {
    settings: parsed.data,
    unknownKeys: unknownPaths(given, parsed.data),
    givenKeys: new Set(leafPaths(given)),
    files,
  };
}
