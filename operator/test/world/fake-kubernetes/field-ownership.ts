/**
 * Server-side apply as far as one manager with force can tell: fields that it applies are set, fields that it applied
 * before and applies no more are taken away, unless somebody has changed them since. Lists count as a whole.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../../../src/k8s/parse-object.js';

export function applyFields(live: JsonObject, before: JsonObject, wanted: JsonObject): JsonObject {
  return merged(without(live, before, wanted), wanted);
}

/** What remains of the applied fields in an object that was written by somebody else. */
export function stillOwned(applied: JsonObject, live: JsonObject): JsonObject {
  const owned: JsonObject = {};
  for (const [key, value] of Object.entries(applied)) {
    const now = live[key];
    if (isJsonObject(value) && isJsonObject(now)) owned[key] = stillOwned(value, now);
    else if (isDeepStrictEqual(value, now)) owned[key] = value;
  }
  return owned;
}

function merged(live: JsonObject, wanted: JsonObject): JsonObject {
  const result: JsonObject = { ...live };
  for (const [key, value] of Object.entries(wanted)) {
    const now = result[key];
    result[key] = isJsonObject(value) && isJsonObject(now) ? merged(now, value) : value;
  }
  return result;
}

function without(live: JsonObject, before: JsonObject, wanted: JsonObject): JsonObject {
  const result: JsonObject = { ...live };
  for (const [key, value] of Object.entries(before)) {
    const now = result[key];
    const next = wanted[key];
    if (isJsonObject(value) && isJsonObject(now)) {
      const rest = without(now, value, isJsonObject(next) ? next : {});
      if (Object.keys(rest).length === 0 && next === undefined) result[key] = undefined;
      else result[key] = rest;
    } else if (next === undefined) {
      result[key] = undefined;
    }
  }
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}
