/** A peer in a process of its own, over the built sources: answers one operation and holds all others. */
import { PeerNetwork } from '../../dist/peers/peer-network.js';
import { settingsSchema } from '../../dist/settings/settings.js';

const [id, port, cluster] = process.argv.slice(2).map(Number);
const network = new PeerNetwork({
  self: id,
  settings: settingsSchema.parse({ service: { host: '127.0.0.1' }, cluster: { p2p: { port } } }),
  describe: () => ({ version: 'held', uptimeMs: 0, metadataIndex: 0, commitIndex: 0, ready: false }),
});
const receiver = { cluster, addressOf: () => null, isRemoved: () => false, onUnreachable: () => undefined };
const host = {
  follow: (_from, _target, operation) =>
    operation.toString() === 'answered'
      ? Promise.resolve({ status: 'acknowledged', sequence: 1 })
      : new Promise(() => undefined),
};
network.attach(receiver);
await network.listen(receiver, host);
process.on('disconnect', () => process.exit());
process.send('listening');
