/** Why one node takes nothing at all from another, whatever it asks for. */
export const rejectionKinds = [
  /** The messages are of a version that the receiver does not know. */
  'unknown-version',
  /** The receiver has another peer id than the sender believes: an address changed hands. */
  'wrong-peer',
  /** The sender has the receiver's own id: two nodes run on copies of one storage. */
  'same-peer',
  /** The two belong to different clusters. */
  'other-cluster',
  /** The sender was removed from the cluster. */
  'removed',
  /** The sender does not show the secret that the nodes of the cluster share. */
  'no-secret',
  /** The header is missing or does not decode. */
  'malformed',
] as const;

export type RejectionKind = (typeof rejectionKinds)[number];

export function isRejectionKind(kind: string): kind is RejectionKind {
  return (rejectionKinds as readonly string[]).includes(kind);
}

export class PeerRejection extends Error {
  override readonly name = 'PeerRejection';
  readonly kind: RejectionKind;

  constructor(kind: RejectionKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
