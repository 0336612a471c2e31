/** How the connections between nodes are set up at both ends. */
import { isIP } from 'node:net';
import { logVerbosity, setLogVerbosity, type ChannelOptions } from '@grpc/grpc-js';
import { hostAndPort, type PeerAddress } from './peer-address.js';

// What grpc-js would print comes back as errors too, and stderr is for sentences of this process.
setLogVerbosity(logVerbosity.NONE);

/** A peer that does not answer a ping for as long again is taken for gone. */
export const keepaliveMs = 5000;

/**
 * Bytes that one side may send ahead of the reader, for a stream and for a connection. With the 64 KiB that HTTP/2
 * begins with, a batch of a hundred points waits for two or three round trips. Servers: see `SessionWindows`.
 */
export const flowControlWindowBytes = 4 * 1024 * 1024;

/** Streams of one connection: the lanes, Raft, snapshots, and some single calls beside them. */
const concurrentStreamsMax = 128;

export function clientOptions(messageBytesMax: number, address: PeerAddress): ChannelOptions {
  return {
    'grpc.default_authority': hostAndPort(address),
    // Names which of its certificates the other side shall show, which cannot be an IP address.
    'grpc.ssl_target_name_override': isIP(address.host) === 0 ? address.host : 'peer',
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveMs,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc-node.flow_control_window': flowControlWindowBytes,
    // What was sent once may have been done: sending it again is a decision of the caller.
    'grpc.enable_retries': 0,
    // Two clients for one address would share a connection, and a new one shall be a new connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.client_idle_timeout_ms': 0x7fffffff,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
  };
}

export function serverOptions(messageBytesMax: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': concurrentStreamsMax,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveMs,
    'grpc.enable_channelz': 0,
  };
}
