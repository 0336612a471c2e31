/** Ports of a node. */
export const httpPort = 6333;
export const grpcPort = 6334;
export const peerPort = 6335;

export const clientPorts = [
  { name: 'http', port: httpPort, protocol: 'TCP', targetPort: httpPort },
  { name: 'grpc', port: grpcPort, protocol: 'TCP', targetPort: grpcPort },
];

export const allPorts = [...clientPorts, { name: 'p2p', port: peerPort, protocol: 'TCP', targetPort: peerPort }];
