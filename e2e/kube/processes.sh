# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: processes that outlive the script which starts them.
#
# A pid file has the pid and when that process was started: numbers are used again, and a stranger is never signalled.

start_time() { cut -d ' ' -f 22 "/proc/$1/stat" 2> /dev/null; }

note_pid() { # FILE PID
  echo "$2 $(start_time "$2")" > "$1"
}

live_pid() { # FILE; prints the pid if that very process still runs
  local pid time
  [ -s "$1" ] && read -r pid time < "$1" && [ -n "$time" ] && [ "$(start_time "$pid")" = "$time" ] && echo "$pid"
}

start() { # NAME COMMAND...; in a session of its own, so that no terminal or signal of the script reaches it
  local process=$1
  shift
  setsid "$@" > "$logs/$process.log" 2>&1 < /dev/null &
  note_pid "$pids/$process.pid" $!
}

wait_for() { # SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -le "$end" ] || fail "waited in vain for $what; the logs are in $logs"
    sleep 0.1
  done
}

stop() { # NAME...; all at once by TERM, and by KILL what is still there after 3 s
  local process pid tries=0
  for process in "$@"; do
    pid=$(live_pid "$pids/$process.pid") && kill -TERM "$pid" 2> /dev/null
  done
  for process in "$@"; do
    while pid=$(live_pid "$pids/$process.pid"); do
      tries=$((tries + 1))
      # The API server would wait much longer for its watchers.
      [ "$tries" -le 30 ] || kill -KILL "$pid" 2> /dev/null
      sleep 0.1
    done
    rm -f "$pids/$process.pid"
  done
}
