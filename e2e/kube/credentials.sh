# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: certificates, tokens and kubeconfigs. Only the API server has a certificate; everyone else
# shows it a token, which is shorter to make and is what most clients handle best.

make_certificates() {
  (
    cd "$credentials"
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=$name-ca" -out ca.crt \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
    openssl ecparam -name prime256v1 -genkey -noout -out apiserver.key
    # It is a client too, of the kubelets: as one of system:masters it may read logs and run commands there.
    openssl req -new -key apiserver.key -subj /O=system:masters/CN=kube-apiserver -out apiserver.csr
    local service=kubernetes.default.svc
    printf '%s\n' keyUsage=digitalSignature extendedKeyUsage=serverAuth,clientAuth \
      "subjectAltName=IP:127.0.0.1,IP:$control_ip,IP:$api_service_ip,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local" \
      > apiserver.extensions
    openssl x509 -req -in apiserver.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
      -extfile apiserver.extensions -out apiserver.crt
    openssl genrsa -out service-accounts.key 2048
    openssl rsa -in service-accounts.key -pubout -out service-accounts.pub
  ) > "$logs/certificates.log" 2>&1 || fail "openssl could not make the certificates; see $logs/certificates.log"
}

make_account() { # FILE USER [GROUP]
  local token
  token=$(openssl rand -hex 24)
  echo "$token,$2,$2,\"${3-}\"" >> "$credentials/tokens.csv"
  cat > "$credentials/$1.kubeconfig" << END
apiVersion: v1
kind: Config
clusters:
  - {name: e2e, cluster: {server: "https://$control_ip:$api_port", certificate-authority-data: $(base64 -w0 "$credentials/ca.crt")}}
users:
  - {name: $1, user: {token: "$token"}}
contexts:
  - {name: e2e, context: {cluster: e2e, user: $1}}
current-context: e2e
END
}

make_credentials() {
  mkdir -p "$credentials"
  chmod 700 "$credentials"
  make_certificates
  : > "$credentials/tokens.csv"
  make_account admin admin system:masters
  local component i
  for component in kube-controller-manager kube-proxy kube-scheduler; do
    make_account "$component" "system:$component"
  done
  make_account dns e2e-dns
  make_account provisioner e2e-provisioner
  for ((i = 1; i <= node_count; i++)); do
    make_account "kubelet-$i" "system:node:$name-n$i" system:nodes
  done
  cp "$credentials/admin.kubeconfig" "$kubeconfig"
}
