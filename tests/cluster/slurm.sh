#!/usr/bin/env bash
# A real Slurm on one Debian machine, for the tests marked `slurm`, without systemd and beside a Grid Engine:
#
#   slurm.sh start      install it if need be and start it; says so and changes nothing where one answers already
#   slurm.sh stop       stop the daemons that `start` started, and remove all that it made
#   slurm.sh status     exit status 0 when both nodes accept jobs
#   slurm.sh master start|stop|kill      slurmctld alone, to test its absence
#   slurm.sh node start|stop|kill N      slurmd of node N (1 or 2) alone; kill: with all that it runs, like a power cut
#   slurm.sh accounting start|stop       slurmdbd alone
#   slurm.sh set KEY [VALUE]             change one line of slurm.conf, or take it out
#   slurm.sh reset                       write the configuration anew, as the two variables say, and restart what reads it
#
#   MLE_SLURM_CGROUPS=auto|yes|no        who tracks processes and memory: cgroups of version 1, where they can be made, or
#                                        /proc. They differ in who hears a signal, and in how too much memory ends.
#   MLE_SLURM_ACCOUNTING=yes|no          no: nothing is remembered, as on small sites
#   MLE_SLURM_NUMBER=N                   another one beside the first, with folders and ports of its own, for a second
#                                        run of tests at the same time; commands find it by SLURM_CONF=/etc/slurm-N/slurm.conf
#
# Needs root. Nodes: node1 and node2, two slurmd of this machine, each with eight CPUs and two GPUs that are none.
# Features of node2: a100, a100_sxm. Partitions: main (both nodes, the default), short (node2, two minutes at most),
# scavenge (both; main preempts it).
# An ordinary user: mle-tester. No mail, no network but loopback: ports 6827 to 6832, and 33061 for its own MariaDB
# (with a number N: 10 N more).
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
NUMBER=${MLE_SLURM_NUMBER:-}
CONF=/etc/slurm${NUMBER:+-$NUMBER}
STATE=/var/run/mle-test-slurm${NUMBER:+-$NUMBER}
SPOOL=/var/lib/mle-test-slurm${NUMBER:+-$NUMBER}
LOGS=/var/log/mle-test-slurm${NUMBER:+-$NUMBER}
export SLURM_CONF=$CONF/slurm.conf
MARK='# Written by slurm.sh of mle-toolbox, for its tests.'
ACCOUNTING=${MLE_SLURM_ACCOUNTING:-yes}
CGROUPS=${MLE_SLURM_CGROUPS:-auto}

# port PORT: as it is with this number.
port() { echo $(($1 + 10 * ${NUMBER:-0})); }

fail() {
    echo "slurm.sh: $*" >&2
    exit 1
}

# wait_for SECONDS COMMAND...
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

answers() { command -v scontrol >/dev/null && [[ $(timeout 20 scontrol ping 2>/dev/null) == *'is UP'* ]]; }

# Both nodes are up, and the partition that uses both takes jobs.
accepts_jobs() {
    answers && [[ $(timeout 20 sinfo --noheader -N -p main -o '%a %t' | grep -Ec '^up (idle|mix|alloc)$') -eq 2 ]]
}

queue_is_empty() { [[ -z $(timeout 20 squeue --noheader --all 2>/dev/null) ]]; }

# ---- daemons, each in the foreground below a reaper that notes its pid

pid_of() { cat "$STATE/$1.pid" 2>/dev/null || true; }

# A process that ended and was not waited for, as happens in containers without an init, is not alive.
alive() { [[ -n ${1:-} && -r /proc/$1/stat ]] && [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1) != [ZX] ]]; }

is_dead() { ! alive "$1"; }

runs() { alive "$(pid_of "$1")"; }

# start_daemon NAME COMMAND...
start_daemon() {
    local name=$1
    shift
    runs "$name" && return
    rm -f "$STATE/$name.pid"
    setsid python3 "$HERE/reaper.py" --pid-file "$STATE/$name.pid" "$@" </dev/null >>"$LOGS/$name.out" 2>&1 &
    wait_for 20 runs "$name" || fail "$name does not start: $(tail -n 3 "$LOGS/$name".*)"
}

# stop_daemon NAME [SIGNAL]: only the process that start_daemon started.
stop_daemon() {
    local pid
    pid=$(pid_of "$1")
    [[ -n $pid ]] || return 0
    # A pid may be somebody else's by now.
    if alive "$pid" && grep -aqE 'munged|mariadbd|slurm' "/proc/$pid/cmdline"; then
        kill "-${2:-TERM}" "$pid"
        wait_for 20 is_dead "$pid" || kill -KILL "$pid"
        wait_for 5 is_dead "$pid" || fail "$1 (process $pid) does not end"
    fi
    rm -f "$STATE/$1.pid"
}

# as USER COMMAND...: replaced by the command, so that the noted pid is the daemon's.
as() { echo setpriv "--reuid=$1" "--regid=$1" --init-groups; }

munge_works() { munge -n </dev/null 2>/dev/null | unmunge >/dev/null 2>&1; }

start_munge() {
    # One that works already, whoever started it, will do.
    munge_works && return
    install -d -o munge -g munge -m 0755 /run/munge
    [[ -s /etc/munge/munge.key ]] || runuser -u munge -- mungekey --create
    start_daemon munge $(as munge) munged --foreground
    wait_for 10 munge_works || fail "munge does not work: $(tail -n 3 "$LOGS/munge.out")"
}

database_answers() { mariadb-admin --no-defaults --socket="$SPOOL/mysql/socket" ping --silent >/dev/null 2>&1; }

start_database() {
    local data=$SPOOL/mysql
    if [[ ! -d $data/mysql ]]; then
        install -d -o mysql -g mysql -m 0700 "$data"
        mariadb-install-db --no-defaults --user=mysql --datadir="$data" --auth-root-authentication-method=socket \
            --skip-test-db >"$LOGS/mysql-install.out" 2>&1 || fail "no database: see $LOGS/mysql-install.out"
    fi
    start_daemon mysql mariadbd --no-defaults --user=mysql --datadir="$data" --socket="$data/socket" \
        --pid-file="$data/pid" --bind-address=127.0.0.1 --port="$(port 33061)" --innodb-buffer-pool-size=64M \
        --innodb-lock-wait-timeout=900 --log-error="$data/log"
    wait_for 30 database_answers || fail "the database does not answer: $(tail -n 3 "$data/log")"
    mariadb --no-defaults --socket="$data/socket" <<'SQL'
CREATE DATABASE IF NOT EXISTS slurm_acct_db;
CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY 'test';
CREATE USER IF NOT EXISTS 'slurm'@'localhost' IDENTIFIED BY 'test';
GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1';
GRANT ALL ON slurm_acct_db.* TO 'slurm'@'localhost';
SQL
}

accounting_answers() { timeout 10 sacctmgr --noheader --readonly list cluster >/dev/null 2>&1; }

start_accounting() {
    start_daemon slurmdbd $(as slurm) slurmdbd -D
    wait_for 30 accounting_answers || fail "slurmdbd does not answer: $(tail -n 3 "$LOGS/slurmdbd.log")"
}

start_master() {
    start_daemon slurmctld $(as slurm) slurmctld -D
    wait_for 30 answers || fail "slurmctld does not answer: $(tail -n 3 "$LOGS/slurmctld.log")"
}

start_node() { start_daemon "slurmd-node$1" slurmd -D -N "node$1"; }

descendants() {
    local child
    echo "$1"
    for child in $(pgrep -P "$1" || true); do descendants "$child"; done
}

# The processes of its jobs end together with slurmd, so that nothing can report how they ended.
kill_node() {
    local step each victims
    victims=("$(pid_of "slurmd-node$1")")
    for step in $(pgrep -x slurmstepd || true); do
        # Which node a step belongs to is in the log that it writes.
        readlink "/proc/$step/fd/"* 2>/dev/null | grep -qx "$LOGS/slurmd-node$1.log" || continue
        mapfile -t -O "${#victims[@]}" victims < <(descendants "$step")
    done
    for each in STOP KILL; do kill "-$each" "${victims[@]}" 2>/dev/null || true; done
    rm -f "$STATE/slurmd-node$1.pid"
}

# ---- what they run on

# Another process may install something at the same moment, and mirrors have moments of their own.
with_patience() {
    local try
    for try in 1 2 3; do
        "$@" && return
        sleep $((try * 5))
    done
    fail "failed three times: $*"
}

install_packages() {
    local wanted=(slurmctld slurmd slurm-client slurmdbd munge mariadb-server procps) missing=() each policy=
    for each in "${wanted[@]}"; do
        [[ $(dpkg-query -W -f '${Status}' "$each" 2>/dev/null) == 'install ok installed' ]] || missing+=("$each")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || fail "this is no Debian, so Slurm cannot be installed by itself"
    # The packages would start services of their own.
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    with_patience apt-get -o DPkg::Lock::Timeout=600 update -qq
    with_patience apt-get -o DPkg::Lock::Timeout=600 install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
    [[ -z $policy ]] || rm -f "$policy"
}

have_cgroups() {
    local each
    for each in freezer memory cpuset cpuacct; do
        mkdir "/sys/fs/cgroup/$each/mle-test-slurm" 2>/dev/null || return 1
        rmdir "/sys/fs/cgroup/$each/mle-test-slurm"
    done
}

cgroups_left() { find /sys/fs/cgroup -mindepth 2 -type d \( -path '*/slurm_node1*' -o -path '*/slurm_node2*' \) 2>/dev/null; }

# Those of a killed node are empty when its processes are gone, which may take a moment.
remove_cgroups() {
    cgroups_left | sort -r | xargs -r rmdir 2>/dev/null
    [[ -z $(cgroups_left) ]]
}

make_folders() {
    install -d -m 0755 "$STATE" "$SPOOL/node1" "$SPOOL/node2"
    install -d -o slurm -g slurm -m 0755 "$SPOOL" "$SPOOL/ctld"
    install -d -m 1777 "$LOGS"
    # Only real devices make Slurm tell a job which card is its own (CUDA_VISIBLE_DEVICES); not everybody may make them.
    local each
    for each in 0 1; do
        [[ -e $SPOOL/gpu$each ]] || mknod -m 666 "$SPOOL/gpu$each" c 1 3 2>/dev/null || touch "$SPOOL/gpu$each"
    done
}

write_configuration() {
    mkdir -p "$CONF"
    [[ ! -e $CONF/slurm.conf ]] || grep -qF "$MARK" "$CONF/slurm.conf" || fail "$CONF/slurm.conf is there, and not ours"
    [[ $CGROUPS != auto ]] || { have_cgroups && CGROUPS=yes || CGROUPS=no; }
    # At once, because a command that a driver calls at this moment must not read half of it.
    cat >"$CONF/slurm.conf.new" <<END
$MARK
ClusterName=mle
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldAddr=127.0.0.1
SlurmctldPort=$(port 6827)
AuthType=auth/munge
SlurmUser=slurm
SlurmdUser=root
StateSaveLocation=$SPOOL/ctld
SlurmdSpoolDir=$SPOOL/%n
SlurmctldPidFile=$SPOOL/ctld/pid
SlurmdPidFile=$SPOOL/%n.pid
SlurmctldLogFile=$LOGS/slurmctld.log
SlurmdLogFile=$LOGS/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
$(tracking)
JobAcctGatherFrequency=task=2
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=1000
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2,bf_continue,requeue_setup_env_fail
PriorityType=priority/basic
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
MaxArraySize=1001
# Nodes of two such clusters have the same names, and cgroups that are named after them and the job.
FirstJobId=$((1 + 1000000 * ${NUMBER:-0}))
MaxJobCount=20000
MinJobAge=300
JobRequeue=1
ReturnToService=2
KillWait=5
OverTimeLimit=0
SlurmdTimeout=20
SlurmctldTimeout=20
MessageTimeout=10
UnkillableStepTimeout=30
$(accounting)
NodeName=node1 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$(port 6831) CPUs=8 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
NodeName=node2 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$(port 6832) CPUs=8 RealMemory=16000 Gres=gpu:2 Feature=a100,a100_sxm State=UNKNOWN
PartitionName=main Nodes=node1,node2 Default=YES MaxTime=INFINITE DefaultTime=01:00:00 State=UP PriorityTier=10 PreemptMode=OFF OverSubscribe=NO
PartitionName=short Nodes=node2 MaxTime=00:02:00 State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=scavenge Nodes=node1,node2 MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=0
END
    mv "$CONF/slurm.conf.new" "$CONF/slurm.conf"
    printf '%s\n' "$MARK" "NodeName=node[1-2] Name=gpu File=$SPOOL/gpu[0-1]" >"$CONF/gres.conf"
    rm -f "$CONF/cgroup.conf"
    [[ $CGROUPS == no ]] || printf '%s\n' "$MARK" CgroupPlugin=autodetect CgroupAutomount=no ConstrainRAMSpace=yes \
        ConstrainSwapSpace=yes ConstrainCores=no >"$CONF/cgroup.conf"
    install -o slurm -g slurm -m 0600 /dev/null "$CONF/slurmdbd.conf"
    cat >"$CONF/slurmdbd.conf" <<END
$MARK
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$(port 6829)
SlurmUser=slurm
AuthType=auth/munge
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$(port 33061)
StorageUser=slurm
StoragePass=test
StorageLoc=slurm_acct_db
LogFile=$LOGS/slurmdbd.log
PidFile=$SPOOL/dbd.pid
DebugLevel=info
END
}

tracking() {
    if [[ $CGROUPS == yes ]]; then
        printf '%s\n' ProctrackType=proctrack/cgroup TaskPlugin=task/cgroup JobAcctGatherType=jobacct_gather/cgroup
    else
        printf '%s\n' ProctrackType=proctrack/linuxproc TaskPlugin=task/none JobAcctGatherType=jobacct_gather/linux \
            JobAcctGatherParams=OverMemoryKill
    fi
}

accounting() {
    if [[ $ACCOUNTING == yes ]]; then
        printf '%s\n' AccountingStorageType=accounting_storage/slurmdbd AccountingStorageHost=127.0.0.1 \
            AccountingStoragePort="$(port 6829)" AccountingStorageTRES=gres/gpu
    else
        echo AccountingStorageType=accounting_storage/none
    fi
}

add_accounts() {
    [[ $ACCOUNTING == yes ]] || return 0
    sacctmgr --immediate add account lab Cluster=mle Description=lab Organization=lab >/dev/null 2>&1 || true
    sacctmgr --immediate add user root,mle-tester Account=lab >/dev/null 2>&1 || true
}

add_user() {
    id mle-tester >/dev/null 2>&1 && return
    useradd --create-home --shell /bin/bash mle-tester
    touch "$STATE/user"
}

# A test that was killed may have left a partition down or a node drained.
open_partitions() {
    local each
    for each in main short scavenge; do scontrol update PartitionName="$each" State=UP >/dev/null 2>&1 || true; done
    for each in node1 node2; do
        [[ ! $(sinfo --noheader -N -n "$each" -o %t) =~ drain|drng|down|fail ]] ||
            scontrol update NodeName="$each" State=RESUME >/dev/null 2>&1 || true
    done
    scontrol update NodeName=node2 AvailableFeatures=a100,a100_sxm ActiveFeatures=a100,a100_sxm >/dev/null 2>&1 || true
}

# A node that is given a job of a number that it has, as by a controller that was killed and has forgotten it, is drained.
opens() { accepts_jobs || { open_partitions && accepts_jobs; }; }

# ---- commands

start() {
    if accepts_jobs; then
        [[ ! -d $STATE || $EUID -ne 0 ]] || { add_user && open_partitions; }
        echo "Slurm answers already."
        return
    fi
    [[ $EUID -eq 0 ]] || fail "only root can start Slurm"
    ! answers || [[ -d $STATE ]] || fail "a Slurm that this script did not start answers, and takes no jobs"
    install_packages
    make_folders
    write_configuration
    start_munge
    add_user
    if [[ $ACCOUNTING == yes ]]; then
        start_database
        start_accounting
        # A cluster has to be registered before its controller starts.
        sacctmgr --immediate add cluster mle >/dev/null 2>&1 || true
    fi
    start_master
    start_node 1
    start_node 2
    add_accounts
    open_partitions
    wait_for 60 opens || fail "the nodes accept no jobs: $(sinfo -N -l 2>&1)"
    echo "Slurm $(slurmctld -V | cut -d' ' -f2) runs: partitions main, short and scavenge, two nodes of eight CPUs."
}

stop() {
    [[ -d $STATE ]] || return 0
    if runs slurmctld && answers; then
        scancel --user=root >/dev/null 2>&1 || true
        scancel --user=mle-tester >/dev/null 2>&1 || true
        wait_for 15 queue_is_empty || true
    fi
    local each
    for each in slurmd-node1 slurmd-node2 slurmctld slurmdbd mysql munge; do stop_daemon "$each"; done
    [[ ! -f $STATE/user ]] || userdel --remove mle-tester 2>/dev/null || true
    for each in slurm.conf gres.conf cgroup.conf slurmdbd.conf; do
        ! grep -qF "$MARK" "$CONF/$each" 2>/dev/null || rm -f "$CONF/$each"
    done
    rm -rf "$STATE" "$SPOOL" "$LOGS"
    wait_for 10 remove_cgroups || fail "cgroups are left: $(cgroups_left)"
}

reset() {
    [[ -d $STATE ]] || fail "it does not run; start it"
    stop_daemon slurmd-node1
    stop_daemon slurmd-node2
    stop_daemon slurmctld
    write_configuration
    start_master
    start_node 1
    start_node 2
    open_partitions
    wait_for 60 opens || fail "the nodes accept no jobs: $(sinfo -N -l 2>&1)"
}

# set_key KEY VALUE: before the lines of the nodes, if it is new.
set_key() {
    grep -qF "$MARK" "$CONF/slurm.conf" || fail "$CONF/slurm.conf is not ours"
    sed -i "/^$1=/d" "$CONF/slurm.conf"
    [[ -z $2 ]] || sed -i "0,/^NodeName=/s|^NodeName=|$1=$2\n&|" "$CONF/slurm.conf"
    case $1 in
    # What `scontrol reconfigure` leaves as it is.
    MaxArraySize | MaxJobCount | AccountingStorageEnforce)
        stop_daemon slurmctld
        start_master
        wait_for 60 opens || fail "the nodes accept no jobs: $(sinfo -N -l 2>&1)"
        ;;
    *) scontrol reconfigure ;;
    esac
}

case "${1:-}-${2:-}" in
start-) start ;;
stop-) stop ;;
status-) accepts_jobs ;;
reset-) reset ;;
master-start) start_master ;;
master-stop) stop_daemon slurmctld ;;
master-kill) stop_daemon slurmctld KILL ;;
node-start) start_node "$3" ;;
node-stop) stop_daemon "slurmd-node$3" ;;
node-kill) kill_node "$3" ;;
accounting-start) start_accounting ;;
accounting-stop) stop_daemon slurmdbd ;;
set-*) set_key "${2:?KEY}" "${3:-}" ;;
*) fail "usage: slurm.sh start|stop|status|reset | master start|stop|kill | node start|stop|kill N |" \
    "accounting start|stop | set KEY [VALUE]" ;;
esac
