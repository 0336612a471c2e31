#!/bin/sh
# Starts the node of a pod as what the operator has decided:
#   start.sh witness [FILE]   says what is on the volume: 'empty', 'peer <id>' or 'damaged <file>'
#   start.sh                  becomes the node
#
# A node that starts on an empty volume without --bootstrap makes a cluster of its own. So this script starts none
# there before the operator has granted it, by an annotation of this very pod: 'bootstrap', or 'join=<uri>[,<uri>...]'.
# A volume counts as a peer's when a start without --bootstrap goes on as that peer. One that cannot be read is never
# called empty: the operator replaces peers whose volumes are.
#
# It runs in images of others too, so it needs nothing but sh, sed, ls and sleep.
set -u

folder=${NODE_FOLDER:-/qdrant}
storage=$folder/storage
grant_file=${GRANT_FILE:-/operator-pod/start}
config_file=${CONFIG_FILE:-/operator/config.yaml}

# A file on one line, without white space and whatever else is not to be seen.
flat() {
  sed -e ':all' -e '$!{' -e 'N' -e 'b all' -e '}' -e 's/[^[:graph:]]//g' "$1" 2> /dev/null
}

# Sets `found`.
look_at_volume() {
  found=empty
  for path in "$storage" "$storage/raft"; do
    if [ -e "$path" ] && ! ls "$path/." > /dev/null 2>&1; then
      found="damaged ${path#"$folder"/}"
      return
    fi
  done
  if [ -e "$storage/raft/peer.json" ]; then
    look_at_own_state "$(flat "$storage/raft/peer.json")"
  elif [ -e "$storage/raft_state.json" ]; then
    look_at_original_state "$(flat "$storage/raft_state.json")"
  fi
}

# Our node: the identity is written before anything else, its `joined` when a cluster has let it in, and the
# snapshot when it is the first of one, or has the state of the others.
look_at_own_state() {
  case $1 in
    '{'*'"peer":'[0-9]*'}') ;;
    *) found='damaged storage/raft/peer.json'; return ;;
  esac
  peer=${1#*'"peer":'}
  peer=${peer%%[!0-9]*}
  case $1 in
    *'"joined":{'*) found="peer $peer" ;;
    *) [ ! -s "$storage/raft/snapshot" ] || found="peer $peer" ;;
  esac
}

# The original: before it has a committed index, it was at most let in halfway.
look_at_original_state() {
  case $1 in
    '{'*'"hard_state":{'*'"commit":'[0-9]*'"this_peer_id":'[0-9]*'}') ;;
    *) found='damaged storage/raft_state.json'; return ;;
  esac
  commit=${1#*'"hard_state":{'}
  commit=${commit#*'"commit":'}
  commit=${commit%%[!0-9]*}
  # The last one: metadata that users write comes before it.
  peer=${1##*'"this_peer_id":'}
  peer=${peer%%[!0-9]*}
  case $commit in *[1-9]*) ;; *) return ;; esac
  # Without its log this would be our node after the loss of its folder, and begin anew under the old id.
  if [ -d "$storage/collections_meta_wal" ]; then found="peer $peer"; else found='damaged storage/raft'; fi
}

# Whether somebody listens at an address, as far as there is a tool to see it.
answers() {
  place=${1#*://}
  place=${place%%/*}
  if command -v node > /dev/null; then
    node -e 'const s = require("net").connect(+process.argv[2], process.argv[1], () => process.exit(0));
      s.on("error", () => process.exit(1)); s.setTimeout(2000, () => process.exit(1));' -- "${place%:*}" "${place##*:}"
  elif command -v bash > /dev/null && command -v timeout > /dev/null; then
    # shellcheck disable=SC2016 # the inner shell expands them
    timeout 2 bash -c 'exec 3<> "/dev/tcp/$0/$1"' "${place%:*}" "${place##*:}" 2> /dev/null
  fi
}

# Sets `member` to the first address of a grant that answers, or else to its first. A node that is told to join
# itself begins a cluster, so its own address is none of them.
choose_member() {
  member=
  rest=$1,
  others=
  while [ -n "$rest" ]; do
    uri=${rest%%,*}
    rest=${rest#*,}
    case ${uri%/} in
      "${PEER_URI%/}") ;;
      http://?* | https://?*) others="$others $uri" ;;
    esac
  done
  set -f
  # shellcheck disable=SC2086 # addresses have no spaces
  set -- $others
  member=${1:-}
  # A node that has a state ignores it.
  if [ $# -lt 2 ] || [ "$found" != empty ]; then return; fi
  for uri in "$@"; do
    if answers "$uri"; then
      member=$uri
      return
    fi
  done
}

start_node() {
  if [ "${START_DELAY_SECONDS:-0}" -gt 0 ]; then
    echo "Starting in $START_DELAY_SECONDS s, as startupDelaySeconds asks."
    sleep "$START_DELAY_SECONDS" &
    wait $!
  fi
  # Only the grant decides, so what a user put into the environment does not.
  unset QDRANT_BOOTSTRAP QDRANT_URI
  cd "$folder" || exit 1
  exec ./qdrant --config-path "$config_file" --uri "$PEER_URI" "$@"
}

become_node() {
  : "${PEER_URI:?is the address of this node for other peers}"
  trap 'exit 143' TERM INT
  look_at_volume
  case $found in
    damaged*)
      echo "Not starting: ${found#* } on the volume is damaged or cannot be read. Restore it, or delete this pod's volume claim and this pod." >&2
      exit 1
      ;;
  esac
  said=
  while :; do
    grant=
    { IFS= read -r grant < "$grant_file"; } 2> /dev/null
    case $grant in
      join=*) choose_member "${grant#join=}" ;;
      *) member= ;;
    esac
    [ -z "$member" ] || start_node --bootstrap "$member"
    if [ "$grant" = bootstrap ] || [ "$found" != empty ]; then start_node; fi
    if [ -z "$said" ]; then
      echo 'The volume is empty: waiting for the operator to let this node begin a cluster or join one.'
      said=yes
    fi
    sleep 0.2 2> /dev/null || sleep 1
  done
}

case ${1:-} in
  witness)
    look_at_volume
    echo "$found"
    printf '%s\n' "$found" > "${2:-/dev/termination-log}"
    ;;
  '') become_node ;;
  *)
    echo 'usage: start.sh [witness [FILE]]' >&2
    exit 2
    ;;
esac
