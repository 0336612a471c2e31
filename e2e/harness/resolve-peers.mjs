/**
 * Loaded into a node under test by `--import`: names of peers are looked up in the file that PEER_NAMES
 * names, a JSON object of name to address, read anew each time, so that a peer can move while others run.
 * Everything else goes to the real resolver.
 */
import dns from 'node:dns';
import { readFileSync } from 'node:fs';

const namesFile = process.env['PEER_NAMES'];
const { lookup: lookupPromise } = dns.promises;
const { lookup: lookupCallback } = dns;

function addressOf(hostname) {
  if (namesFile === undefined) return undefined;
  return JSON.parse(readFileSync(namesFile, 'utf8'))[hostname];
}

dns.promises.lookup = async (hostname, options) => {
  const address = addressOf(hostname);
  if (address === undefined) return lookupPromise(hostname, options);
  const found = { address, family: 4 };
  return options?.all === true ? [found] : found;
};

dns.lookup = (hostname, options, callback) => {
  const address = addressOf(hostname);
  const [given, done] = typeof options === 'function' ? [{}, options] : [options, callback];
  if (address === undefined) return lookupCallback(hostname, given, done);
  process.nextTick(() => {
    if (given?.all === true) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  });
  return undefined;
};
