# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: the settings of what runs on a node.

# Layers of images are stacked by overlayfs, where the folder of the state can have one on it: not on another overlay.
choose_snapshotter() { # FOLDER
  mkdir -p "$1/lower" "$1/upper" "$1/work" "$1/merged"
  if unshare --mount mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/merged" 2> /dev/null; then
    echo overlayfs
  else
    echo native
  fi
  rm -rf "$1"
}

write_containerd_settings() { # FOLDER
  cat > "$1/containerd.toml" << END
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "e2e.invalid/pause:1"
  # Root in a container may make itself a likelier victim of the kernel, but never a less likely one.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    snapshotter = "$(choose_snapshotter "$1/try-overlay")"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(find_cni)"
    conf_dir = "$1/cni"
END
}

write_pod_network() { # FOLDER NODE_NUMBER
  mkdir -p "$1/cni"
  cat > "$1/cni/10-pods.conflist" << END
{ "cniVersion": "1.0.0", "name": "pods", "plugins": [
  { "type": "bridge", "bridge": "cni0", "isGateway": true, "isDefaultGateway": true, "hairpinMode": true, "ipMasq": false,
    "ipam": { "type": "host-local", "dataDir": "/var/lib/cni/networks", "ranges": [[{ "subnet": "$(pod_range_of "$2")" }]] } }
] }
END
}

write_kubelet_settings() { # FOLDER NODE_NUMBER
  printf 'nameserver %s\n' "$control_ip" > "$1/resolv.conf"
  # Images are never removed, since there is no registry to get them from again, and a full disk evicts late.
  cat > "$1/kubelet.yaml" << END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $(node_ip "$2")
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: $credentials/ca.crt } }
authorization: { mode: Webhook }
cgroupDriver: cgroupfs
cgroupRoot: /$name-n$2
clusterDNS: [$control_ip]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
evictionHard: { imagefs.available: 1%, memory.available: 50Mi, nodefs.available: 1%, nodefs.inodesFree: 1% }
failCgroupV1: false
failSwapOn: false
imageGCHighThresholdPercent: 100
makeIPTablesUtilChains: false
maxPods: 60
nodeLeaseDurationSeconds: 8
nodeStatusReportFrequency: 10s
nodeStatusUpdateFrequency: 2s
resolvConf: $1/resolv.conf
shutdownGracePeriod: 0s
volumePluginDir: $1/volume-plugins
volumeStatsAggPeriod: 10s
END
}

write_proxy_settings() { # FILE NODE_NAME ADDRESS
  # Zeros leave the connection tracking of the whole machine as it is.
  cat > "$1" << END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
bindAddress: $3
clientConnection: { kubeconfig: $credentials/kube-proxy.kubeconfig }
clusterCIDR: $pod_range
conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: 0s, tcpEstablishedTimeout: 0s }
detectLocalMode: ClusterCIDR
healthzBindAddress: 127.0.0.1:10256
hostnameOverride: $2
metricsBindAddress: 127.0.0.1:10249
mode: nftables
nftables: { minSyncPeriod: 100ms, syncPeriod: 30s }
END
}
