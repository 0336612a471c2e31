# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh, processes.sh and credentials.sh: what is not on a node. All of it is in the namespace of
# the bridge and on the machine's own mounts, which `ip netns exec` would cover in part (a new /sys hides the cgroups).

in_control() { nsenter --net="/run/netns/$name" -- "$@"; }

control_kubectl() { in_control kubectl --kubeconfig "$kubeconfig" "$@"; }

start_etcd() {
  # What a test writes need not outlive the machine, so nothing waits for the disk.
  start etcd nsenter --net="/run/netns/$name" -- etcd --name e2e --data-dir "$run/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster e2e=http://127.0.0.1:2380
}

start_api_server() {
  # Pods leave a lost node after 10 s, not after 5 min. With the routing of the aggregator on, webhooks are called at
  # the addresses of their pods.
  start kube-apiserver nsenter --net="/run/netns/$name" -- kube-apiserver \
    --etcd-servers http://127.0.0.1:2379 \
    --advertise-address "$control_ip" --bind-address "$control_ip" --secure-port "$api_port" \
    --service-cluster-ip-range "$service_range" --enable-aggregator-routing \
    --tls-cert-file "$credentials/apiserver.crt" --tls-private-key-file "$credentials/apiserver.key" \
    --client-ca-file "$credentials/ca.crt" --token-auth-file "$credentials/tokens.csv" \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$credentials/service-accounts.pub" \
    --service-account-signing-key-file "$credentials/service-accounts.key" \
    --kubelet-client-certificate "$credentials/apiserver.crt" --kubelet-client-key "$credentials/apiserver.key" \
    --kubelet-preferred-address-types InternalIP \
    --default-not-ready-toleration-seconds 10 --default-unreachable-toleration-seconds 10 \
    --allow-privileged --profiling=false
}

start_controllers() {
  start kube-controller-manager nsenter --net="/run/netns/$name" -- kube-controller-manager \
    --kubeconfig "$credentials/kube-controller-manager.kubeconfig" --bind-address 127.0.0.1 \
    --leader-elect=false --profiling=false --kube-api-qps 100 --kube-api-burst 200 \
    --use-service-account-credentials --root-ca-file "$credentials/ca.crt" \
    --service-account-private-key-file "$credentials/service-accounts.key" \
    --cluster-signing-cert-file "$credentials/ca.crt" --cluster-signing-key-file "$credentials/ca.key" \
    --pvclaimbinder-sync-period 5s --node-monitor-period 2s --node-monitor-grace-period 16s
  start kube-scheduler nsenter --net="/run/netns/$name" -- kube-scheduler \
    --kubeconfig "$credentials/kube-scheduler.kubeconfig" --bind-address 127.0.0.1 \
    --leader-elect=false --profiling=false --kube-api-qps 100 --kube-api-burst 200
}

start_dns() {
  cat > "$run/Corefile" << END
.:53 {
    bind $control_ip
    errors
    ready $control_ip:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig $credentials/dns.kubeconfig e2e
        pods insecure
        ttl 1
    }
    loadbalance
}
END
  start dns nsenter --net="/run/netns/$name" -- cluster-dns -conf "$run/Corefile"
}

start_control_plane() {
  start_etcd
  start_api_server
  start_controllers
  wait_for 90 "the API server" control_kubectl get --raw /readyz
  say "the API server is ready at https://$control_ip:$api_port"
  wait_for 90 "the default service account, which the controllers make" \
    control_kubectl get serviceaccount default --namespace default
  control_kubectl apply -f "$kit/cluster-base.yaml" > "$logs/cluster-base.log"
  mkdir -p "$run/volumes"
  start provisioner nsenter --net="/run/netns/$name" -- provisioner \
    -kubeconfig "$credentials/provisioner.kubeconfig" -folder "$run/volumes"
  start_dns
}

stop_control_plane() { stop kube-proxy-0 dns provisioner kube-scheduler kube-controller-manager kube-apiserver etcd; }
