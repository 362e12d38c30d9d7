#!/usr/bin/env bash
# A real Grid Engine on one Debian machine, for the tests marked `sge`:
#
#   grid_engine.sh start    install it if need be and start it; says so and changes nothing where one answers already
#   grid_engine.sh stop     stop the daemons that `start` started, and nothing else
#   grid_engine.sh status   exit status 0 when a queue accepts jobs
#   grid_engine.sh master start|stop, grid_engine.sh node start|stop    one daemon alone, to test its absence
#
# Needs root. Queues: all.q and other.q, eight slots each; parallel environments: smp and, as a trap, spread, which would
# scatter the cores of a job; resources gpu: two of them; gputype: those of other.q are a100. An ordinary user: mle-tester. No mail, no network but loopback.
set -euo pipefail

export SGE_ROOT=${SGE_ROOT:-/var/lib/gridengine} SGE_CELL=${SGE_CELL:-default}
export DEBIAN_FRONTEND=noninteractive
COMMON=$SGE_ROOT/$SGE_CELL/common
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=/var/run/mle-test-cluster
PIDS=/var/run/gridengine

fail() {
    echo "grid_engine.sh: $*" >&2
    exit 1
}

answers() { command -v qstat >/dev/null && timeout 20 qstat >/dev/null 2>&1; }

accepts_jobs() { answers && qstat -f 2>/dev/null | awk '/^(all|other)\.q@/ && NF == 5 {found = 1} END {exit !found}'; }

# wait_for SECONDS COMMAND...
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

pid_of() { cat "$PIDS/$1.pid" 2>/dev/null || true; }

# A process that ended and was not waited for, as happens in containers without an init, is not alive.
alive() { [[ -n ${1:-} && -r /proc/$1/stat ]] && [[ $(sed 's/.*) //' "/proc/$1/stat" | cut -c1) != Z ]]; }

install_packages() {
    command -v sge_qmaster >/dev/null && command -v sge_execd >/dev/null && command -v qsub >/dev/null && return
    command -v apt-get >/dev/null || fail "this is no Debian, so Grid Engine cannot be installed by itself"
    apt-get -o DPkg::Lock::Timeout=600 update -qq
    # The packages do not start the daemons where services may not start, and elsewhere `start` below finds them.
    apt-get -o DPkg::Lock::Timeout=600 install -qq -y --no-install-recommends \
        gridengine-master gridengine-exec gridengine-client procps >/dev/null
}

# On loopback: the machine's name is an alias of localhost, whatever the resolver says.
name_the_host() {
    local name
    name=$(hostname)
    printf 'localhost %s\n' "$name" >"$COMMON/host_aliases"
    echo localhost >"$COMMON/act_qmaster"
    chown -R sgeadmin:sgeadmin "$COMMON"
}

# start_daemon NAME PROGRAM: with the variables of its pid file, as Debian's init scripts do it.
start_daemon() {
    alive "$(pid_of "$1")" && return
    # Tests start them too, with a PATH through folders that are gone when the tests are over (hidden_commands.py).
    local PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
    install -d -o sgeadmin -g sgeadmin -m 0755 "$PIDS"
    rm -f "$PIDS/$1.pid"
    SGE_QMASTER_PIDFILE=$PIDS/qmaster.pid SGE_EXECD_PIDFILE=$PIDS/execd.pid \
        setsid python3 "$HERE/reaper.py" "$2" </dev/null >/dev/null 2>&1 &
    wait_for 20 has_pid "$1" || fail "$2 does not start; see /tmp/*messages* and /var/spool/gridengine"
    mkdir -p "$STATE"
    cp "$PIDS/$1.pid" "$STATE/$1.pid"
}

has_pid() { alive "$(pid_of "$1")"; }

# stop_daemon NAME: only the process that start_daemon started.
stop_daemon() {
    local pid
    pid=$(cat "$STATE/$1.pid" 2>/dev/null || true)
    [[ -n $pid ]] || return 0
    if alive "$pid" && grep -q "sge_$1" "/proc/$pid/cmdline"; then
        kill "$pid"
        wait_for 20 is_dead "$pid" || kill -9 "$pid"
    fi
    rm -f "$STATE/$1.pid" "$PIDS/$1.pid"
}

is_dead() { ! alive "$1"; }

# replace KEY VALUE: an awk line that sets one key of a qconf listing.
replace() { awk -v key="$1" -v value="$2" '$1 == key {printf "%s %s\n", key, value; next} {print}'; }

configure() {
    local file
    file=$(mktemp -d)
    # Root's jobs are allowed before the exec daemon starts; afterwards the queue would be in state E.
    qconf -sconf global | replace min_uid 0 | replace min_gid 0 | replace max_unheard 00:01:00 |
        replace load_report_time 00:00:05 | sed 's/flush_time=00:00:15/flush_time=00:00:01/' >"$file/global"
    qconf -Mconf "$file/global" >/dev/null 2>&1
    qconf -ssconf | replace schedule_interval 0:0:1 | replace flush_submit_sec 1 | replace flush_finish_sec 1 |
        replace schedd_job_info true >"$file/scheduler"
    qconf -Msconf "$file/scheduler" >/dev/null 2>&1
    qconf -ah localhost >/dev/null 2>&1 || true
    qconf -as localhost >/dev/null 2>&1 || true
    add_parallel_environment smp '$pe_slots' "$file"
    add_parallel_environment spread '$round_robin' "$file"
    add_resource 'gpu gpu INT <= YES YES 0 0' "$file"
    add_resource 'gputype gputype RESTRING == YES NO NONE 0' "$file"
    rm -rf "$file"
}

# add_resource LINE FOLDER
add_resource() {
    qconf -sc | grep -q "^${1%% *} " && return
    { qconf -sc && echo "$1"; } >"$2/resources"
    qconf -Mc "$2/resources" >/dev/null 2>&1
}

# add_parallel_environment NAME RULE FOLDER
add_parallel_environment() {
    qconf -sp "$1" >/dev/null 2>&1 && return
    printf '%s\n' "pe_name $1" 'slots 999' 'user_lists NONE' 'xuser_lists NONE' 'start_proc_args NONE' \
        'stop_proc_args NONE' "allocation_rule $2" 'control_slaves FALSE' 'job_is_first_task TRUE' \
        'urgency_slots min' 'accounting_summary FALSE' 'qsort_args NONE' >"$3/$1"
    qconf -Ap "$3/$1" >/dev/null 2>&1
}

add_queues() {
    local file queue
    file=$(mktemp -d)
    printf '%s\n' 'group_name @allhosts' 'hostlist localhost' >"$file/hosts"
    qconf -shgrp @allhosts >/dev/null 2>&1 || qconf -Ahgrp "$file/hosts" >/dev/null 2>&1
    for queue in all.q other.q; do
        qconf -sq "$queue" >/dev/null 2>&1 && continue
        # A busy machine still takes jobs: tests run on two cores, and more slots than that are wanted.
        qconf -sq | replace qname "$queue" | replace hostlist @allhosts | replace slots 8 |
            replace pe_list smp | replace load_thresholds NONE | replace shell /bin/bash |
            replace notify 00:00:05 >"$file/queue"
        qconf -Aq "$file/queue" >/dev/null 2>&1
    done
    qconf -mattr queue pe_list 'smp spread' all.q >/dev/null 2>&1
    qconf -mattr queue complex_values gputype=a100 other.q >/dev/null 2>&1
    qconf -mattr exechost complex_values gpu=2 localhost >/dev/null 2>&1
    rm -rf "$file"
}

# A test that was killed may have left a queue disabled, suspended or in error.
open_queues() {
    local change
    for change in -e -us -cq; do
        qmod "$change" all.q other.q >/dev/null 2>&1 || true
    done
}

add_user() {
    id mle-tester >/dev/null 2>&1 && return
    useradd --create-home --shell /bin/bash mle-tester
    touch "$STATE/user"
}

start() {
    if accepts_jobs; then
        if [[ -d $STATE && $EUID -eq 0 ]]; then
            configure
            add_queues
            add_user
            open_queues
        fi
        echo "Grid Engine answers already."
        return
    fi
    [[ $EUID -eq 0 ]] || fail "only root can start Grid Engine"
    install_packages
    if ! answers; then
        name_the_host
        start_daemon qmaster sge_qmaster
        wait_for 30 answers || fail "the master daemon does not answer; see /var/spool/gridengine/qmaster/messages"
    fi
    [[ -d $STATE ]] || fail "a Grid Engine that this script did not start answers, and none of its queues accepts jobs"
    configure
    start_daemon execd sge_execd
    add_queues
    add_user
    open_queues
    wait_for 60 accepts_jobs || fail "no queue accepts jobs: $(qstat -f 2>&1)"
    echo "Grid Engine runs: queues all.q and other.q, parallel environment smp."
}

stop() {
    [[ -d $STATE ]] || return 0
    answers && [[ -f $STATE/qmaster.pid ]] && { qdel -f -u '*' >/dev/null 2>&1 || true; }
    stop_daemon execd
    stop_daemon qmaster
    [[ ! -f $STATE/user ]] || userdel --remove mle-tester 2>/dev/null || true
    rm -rf "$STATE"
}

case "${1:-}-${2:-}" in
start-) start ;;
stop-) stop ;;
status-) accepts_jobs ;;
master-start)
    start_daemon qmaster sge_qmaster
    wait_for 30 answers || fail "the master daemon does not answer"
    ;;
master-stop) stop_daemon qmaster ;;
node-start) start_daemon execd sge_execd ;;
node-stop) stop_daemon execd ;;
*) fail "usage: grid_engine.sh start|stop|status | master start|stop | node start|stop" ;;
esac
