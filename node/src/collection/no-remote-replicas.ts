/** The other peers of a node that has none. */
import { PeerUnreachable, type RemoteReplicas } from '../replica/remote-replicas.js';

function nobody(peer: number): Promise<never> {
  return Promise.reject(new PeerUnreachable(peer, `Peer ${peer} cannot be reached: this node is in no cluster`));
}

export const noRemoteReplicas: RemoteReplicas = {
  forward: nobody,
  follow: nobody,
  replaceRange: nobody,
  search: nobody,
  retrieve: nobody,
  scroll: nobody,
  count: nobody,
  info: nobody,
  rangeDigest: nobody,
  missedWrites: nobody,
  acceptLeader: nobody,
};
