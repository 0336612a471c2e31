/** This node's part in a cluster: consensus over Raft, and the network to the other nodes. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { RaftConsensus } from './consensus/raft-consensus.js';
import type { NativeAddon } from './engine/addon.js';
import type { PeerId } from './metadata/peer-id.js';
import { defaultPeerPort, parsePeerUri } from './peers/peer-address.js';
import { PeerNetwork } from './peers/peer-network.js';
import type { RemoteReplicas, ReplicaHost } from './replica/remote-replicas.js';
import type { ClusterPeers } from './service/cluster-peers.js';
import type { CommandLine } from './settings/command-line.js';
import { SettingsError } from './settings/load-settings.js';
import type { Settings } from './settings/settings.js';
import { nodeVersion } from './version.js';

/** A peer that does not answer within this counts as away for what is decided now. */
const answerTimeoutMs = 500;

/** How long calls of other peers may take to finish when the node stops. */
const drainMs = 5_000;

export interface ClusterOptions {
  readonly addon: NativeAddon;
  readonly settings: Settings;
  readonly commandLine: Pick<CommandLine, 'uri' | 'bootstrap' | 'reinit'>;
  readonly logger: Logger;
  /** Whether clients should be sent to this node. */
  readonly ready: () => boolean;
}

export class RunningCluster implements ClusterPeers {
  readonly consensus: RaftConsensus;
  readonly network: PeerNetwork;
  readonly #logger: Logger;

  private constructor(consensus: RaftConsensus, network: PeerNetwork, logger: Logger) {
    this.consensus = consensus;
    this.network = network;
    this.#logger = logger;
  }

  /** Reads what the storage has of the cluster. Nothing is served or sent yet. */
  static async open({ addon, settings, commandLine, logger, ready }: ClusterOptions): Promise<RunningCluster> {
    const { cluster, storage } = settings;
    const uri = await ownUri(settings, commandLine);
    // Whoever is told to join itself is the first.
    const bootstrapUri = commandLine.bootstrap === uri ? null : commandLine.bootstrap;
    const consensus = await RaftConsensus.open({
      addon,
      storageFolder: storage.storage_path,
      uri,
      bootstrapUri,
      reinit: commandLine.reinit,
      configuredPeerId: cluster.peer_id,
      version: nodeVersion,
      tickPeriodMs: cluster.consensus.tick_period_ms,
      compactEntries: cluster.consensus.compact_wal_entries,
      bootstrapTimeoutMs: cluster.consensus.bootstrap_timeout_sec * 1000,
      random: Math.random,
      report: (level, message, error) => logger[level](error === undefined ? {} : { err: error }, message),
    });
    const startedMs = performance.now();
    const network = new PeerNetwork({
      self: consensus.self,
      settings,
      describe: () => ({
        version: nodeVersion,
        uptimeMs: Math.floor(performance.now() - startedMs),
        metadataIndex: consensus.state.appliedIndex,
        commitIndex: consensus.status().commit,
        ready: ready(),
      }),
    });
    network.attach(consensus);
    return new RunningCluster(consensus, network, logger);
  }

  get remote(): RemoteReplicas {
    return this.network.replicas;
  }

  /** Serves the other nodes. Rejects when the port is taken. */
  async listen(host: ReplicaHost): Promise<void> {
    const port = await this.network.listen(this.consensus, host);
    this.#logger.info({ port, peer: this.consensus.self }, 'Serving peers');
  }

  /** Takes part in consensus; a new node joins first. Throws a `JoinRefusedError` when the cluster will not have it. */
  async join(): Promise<void> {
    let { peers } = this.consensus.state;
    this.consensus.subscribe((state) => {
      if (state.peers === peers) return;
      ({ peers } = state);
      this.network.conform();
    });
    await this.consensus.start(this.network.transport);
  }

  async reachable(): Promise<ReadonlySet<PeerId>> {
    const { self, state } = this.consensus;
    const others = [...state.peers.keys()].filter((peer) => peer !== self);
    const answers = await Promise.allSettled(others.map((peer) => this.network.describePeer(peer, answerTimeoutMs)));
    return new Set([self, ...others.filter((_peer, index) => answers[index]?.status === 'fulfilled')]);
  }

  async reached(peers: Iterable<PeerId>, index: number, timeoutMs: number): Promise<void> {
    const { self } = this.consensus;
    const others = [...peers].filter((peer) => peer !== self);
    await Promise.allSettled(others.map((peer) => this.network.transport.reached(peer, index, timeoutMs)));
  }

  /** By peer, what each of the others has committed; those that do not answer are left out. */
  async commitIndexes(): Promise<ReadonlyMap<PeerId, number>> {
    const { self, state } = this.consensus;
    const commits = new Map<PeerId, number>();
    const asked = [...state.peers.keys()].filter((peer) => peer !== self);
    await Promise.allSettled(
      asked.map(async (peer) => {
        const { commitIndex } = await this.network.describePeer(peer, answerTimeoutMs);
        commits.set(peer, commitIndex);
      }),
    );
    return commits;
  }

  /** Lets another peer lead, then says goodbye to all. */
  async stop(): Promise<void> {
    await this.consensus.close();
    await this.network.stop(drainMs);
  }
}

/**
 * Where other peers reach this one: as given, or the address that a connection to the peer to join has at
 * this end, or the one that it had when it last ran.
 */
async function ownUri(settings: Settings, { uri, bootstrap }: ClusterOptions['commandLine']): Promise<string> {
  if (uri !== null) return checked(uri, '--uri');
  const port = settings.cluster.p2p.port ?? defaultPeerPort;
  const scheme = settings.cluster.p2p.enable_tls ? 'https' : 'http';
  if (bootstrap !== null) {
    const address = await addressTowards(checked(bootstrap, '--bootstrap'), settings.cluster.connection_timeout_ms);
    if (address !== null) return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }
  const known = await uriOfLastRun(settings.storage.storage_path);
  if (known !== null) return known;
  throw new SettingsError(
    bootstrap === null
      ? 'The first node of a cluster needs --uri: where other nodes reach it, such as http://10.0.0.1:6335.'
      : `No address of this node could be found by a connection to ${bootstrap}: start it again when that one runs, or give --uri.`,
  );
}

function checked(uri: string, flag: string): string {
  try {
    parsePeerUri(uri);
  } catch (error) {
    throw new SettingsError(`${flag} ${uri} is no address: ${error instanceof Error ? error.message : String(error)}.`);
  }
  return uri;
}

function addressTowards(uri: string, timeoutMs: number): Promise<string | null> {
  const { host, port } = parsePeerUri(uri);
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (address: string | null): void => {
      socket.destroy();
      resolve(address);
    };
    socket.once('connect', () => end(socket.localAddress?.replace(/^::ffff:/, '') ?? null));
    socket.once('error', () => end(null));
    socket.once('timeout', () => end(null));
  });
}

async function uriOfLastRun(storageFolder: string): Promise<string | null> {
  try {
    const text = await readFile(join(storageFolder, 'raft_state.json'), 'utf8');
    const state = JSON.parse(text) as { this_peer_id?: number; peer_address_by_id?: Record<string, unknown> } | null;
    const uri = state?.peer_address_by_id?.[String(state.this_peer_id)];
    return typeof uri === 'string' ? checked(uri, 'the address in raft_state.json') : null;
  } catch {
    // Only a guess depends on it.
    return null;
  }
}
