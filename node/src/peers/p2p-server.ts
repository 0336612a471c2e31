/** The gRPC server for the other nodes of the cluster: who is let in, what is served, start and stop. */
import {
  Metadata,
  Server,
  type ConnectionInjector,
  status,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import type { RaftReceiver } from '../consensus/raft-transport.js';
import { toServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaHost } from '../replica/remote-replicas.js';
import { asBuffer } from './as-buffer.js';
import { ConnectionListener } from './connection-listener.js';
import { HelloAnswer, PeersDefinition } from './generated/p2p/peer.js';
import { RaftDefinition } from './generated/p2p/raft.js';
import { ShardsDefinition } from './generated/p2p/shard.js';
import { serverOptions } from './grpc-limits.js';
import type { Membership } from './membership.js';
import { RaftService } from './raft-service.js';
import { rawServiceDefinition } from '../grpc/raw-service-definition.js';
import { PeerRejection } from './rejection.js';
import { RequestService } from './request-service.js';
import { SessionWindows } from './session-windows.js';
import { Admission, rejectionMetadata, type PeerSecrets } from './wire-metadata.js';

/** What a node tells others of itself. */
export interface NodeDescription {
  readonly version: string;
  readonly uptimeMs: number;
  readonly metadataIndex: number;
  readonly commitIndex: number;
  readonly ready: boolean;
}

export interface P2pServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly membership: Membership;
  readonly secrets: PeerSecrets;
  readonly credentials: ServerCredentials;
  readonly messageBytesMax: number;
  readonly raft: RaftReceiver;
  readonly replicas: ReplicaHost;
  readonly describe: () => NodeDescription;
}

interface CallFailure {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Longer details make trailers that are dropped on the way. */
const detailsLengthMax = 2048;

/** The catalogue of errors has the codes of gRPC by number, and grpc-js wants its enum. */
const statusByCode: ReadonlyMap<number, status> = new Map(
  Object.values(status)
    .filter((code) => typeof code !== 'string')
    .map((code) => [code, code]),
);

function failureOf(error: unknown): CallFailure {
  if (error instanceof PeerRejection) {
    return { code: status.PERMISSION_DENIED, details: error.message, metadata: rejectionMetadata(error) };
  }
  const failure = toServiceError(error);
  const code = statusByCode.get(failure.grpcCode) ?? status.UNKNOWN;
  return { code, details: failure.message.slice(0, detailsLengthMax), metadata: new Metadata() };
}

/** grpc-js takes the status of a stream from an error event. */
function refuse(call: ServerDuplexStream<Buffer, Buffer>, error: unknown): void {
  const { code, details, metadata } = failureOf(error);
  call.emit('error', Object.assign(new Error(details), { code, details, metadata }));
}

export class P2pServer {
  /** The port that it listens on. */
  readonly port: number;
  readonly #server: Server;
  readonly #listener: ConnectionListener;
  readonly #injector: ConnectionInjector;
  readonly #requests: RequestService;
  readonly #raft: RaftService;

  private constructor(
    server: Server,
    listener: ConnectionListener,
    injector: ConnectionInjector,
    requests: RequestService,
    raft: RaftService,
  ) {
    this.#server = server;
    this.#listener = listener;
    this.#injector = injector;
    this.#requests = requests;
    this.#raft = raft;
    this.port = listener.port;
  }

  /** Rejects when the port is taken. */
  static async start(options: P2pServerOptions): Promise<P2pServer> {
    const { membership, messageBytesMax, credentials } = options;
    const admission = new Admission(membership, options.secrets);
    const checkMember = (from: PeerId): void => admission.checkMember(from);
    const requests = new RequestService({ host: options.replicas, messageBytesMax, checkMember, refuse });
    const raft = new RaftService(options.raft, checkMember, refuse);
    const server = new Server(serverOptions(messageBytesMax));
    const injector = server.createConnectionInjector(credentials);
    const windows = new SessionWindows(server);
    const listener = await ConnectionListener.listen(options.host, options.port, (socket) =>
      injector.injectConnection(socket),
    );
    const letIn: LetIn = (call) => {
      const from = admission.admit(call.metadata);
      listener.confirm(call.getPeer());
      windows.widen(call.getPeer());
      return from;
    };
    addServices(server, options, letIn, requests, raft);
    return new P2pServer(server, listener, injector, requests, raft);
  }

  /** Takes no new connections, answers what is under way within `graceMs`, then cuts what is left. */
  async stop(graceMs: number): Promise<void> {
    const closed = this.#listener.stopListening();
    this.#injector.drain(graceMs);
    // Its callback is not waited for: it never comes when a session broke while it began.
    this.#server.tryShutdown(() => undefined);
    this.#requests.stop();
    this.#raft.stop();
    const cut = setTimeout(() => this.#listener.cut(), graceMs);
    await closed;
    clearTimeout(cut);
  }
}

/** The sender of a call; throws a `PeerRejection`. */
type LetIn = (call: { readonly metadata: Metadata; getPeer(): string }) => PeerId;

type UnaryMethod = (from: PeerId, request: Buffer) => Promise<Uint8Array>;

function addServices(
  server: Server,
  options: P2pServerOptions,
  letIn: LetIn,
  requests: RequestService,
  raft: RaftService,
): void {
  const unary = unaryAdapter(letIn);
  const stream = streamAdapter(letIn);
  server.addService(rawServiceDefinition(PeersDefinition), {
    hello: unary(() => Promise.resolve(helloAnswer(options))),
  });
  server.addService(rawServiceDefinition(RaftDefinition), {
    messages: stream((call, from) => raft.serveMessages(call, from)),
    snapshotPiece: unary((from, request) => raft.snapshotPiece(from, request)),
    propose: unary((from, request) => raft.propose(from, request)),
    reached: unary((from, request) => raft.reached(from, request)),
    addPeer: unary((from, request) => raft.addPeer(from, request)),
  });
  server.addService(rawServiceDefinition(ShardsDefinition), {
    write: stream((call, from) => requests.serveWrites(call, from)),
    ask: stream((call, from) => requests.serveQuestions(call, from)),
  });
}

function helloAnswer({ membership, describe }: P2pServerOptions): Uint8Array {
  const { version, ...description } = describe();
  return HelloAnswer.encode({
    ...description,
    peer: membership.self,
    cluster: membership.cluster ?? 0,
    nodeVersion: version,
  }).finish();
}

function unaryAdapter(letIn: LetIn): (method: UnaryMethod) => handleUnaryCall<Buffer, Buffer> {
  return (method) => (call, respond) => {
    const answer = async (): Promise<Uint8Array> => method(letIn(call), call.request);
    answer().then(
      (bytes) => respond(null, asBuffer(bytes)),
      (error: unknown) => respond(failureOf(error)),
    );
  };
}

type StreamMethod = (call: ServerDuplexStream<Buffer, Buffer>, from: PeerId) => void;

function streamAdapter(letIn: LetIn): (serve: StreamMethod) => handleBidiStreamingCall<Buffer, Buffer> {
  return (serve) => (call) => {
    let from: PeerId;
    try {
      from = letIn(call);
    } catch (error) {
      refuse(call, error);
      return;
    }
    serve(call, from);
  };
}
