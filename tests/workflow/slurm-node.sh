#!/usr/bin/env bash
# A SLURM cluster of one node, this machine, on loopback and with one pretended GPU: to try
# profiles/slurm without a cluster. Wants root, and Debian's slurm-wlm and munge.
#
#   tests/workflow/slurm-node.sh up      start it; a configuration in /etc/slurm is put aside
#   tests/workflow/slurm-node.sh down    stop it, remove what it made, put the configuration back
set -euo pipefail

run=/run/hall2net-slurm
etc=/etc/slurm
node=$(hostname -s)

fail() { echo "error: $*" >&2; exit 1; }

start() {
    setsid "$@" > "$run/$1.out" 2>&1 &
    echo $! > "$run/$1.pid"
}

# Whether a program that was started still runs.
alive() { [ "$(cat "/proc/$(cat "$run/$1.pid")/comm" 2> /dev/null)" = "$1" ]; }

up() {
    [ "$(id -u)" = 0 ] || fail "a SLURM node is started by root"
    for program in munged slurmctld slurmd sbatch; do
        command -v $program > /dev/null || fail "no $program; install slurm-wlm and munge"
    done
    for program in slurmctld slurmd; do
        ! pgrep -x $program > /dev/null || fail "a $program runs here already"
    done
    mkdir "$run" || fail "$run is there already; first: $0 down"
    trap give_up ERR

    mkdir "$run"/{state,spool,etc}
    mkdir -p $etc
    for file in slurm.conf gres.conf cgroup.conf; do
        [ ! -e $etc/$file ] || mv $etc/$file "$run/etc/"
    done
    # Memory is held to by counting it every second, since control groups are not to be had
    # everywhere. Jobs start and end at once, which a test waits for.
    cat > $etc/slurm.conf << END
ClusterName=hall2net
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$run/munge.socket
StateSaveLocation=$run/state
SlurmdSpoolDir=$run/spool
SlurmctldPidFile=$run/slurmctld.lock
SlurmdPidFile=$run/slurmd.lock
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
KillWait=5
MinJobAge=3600
ReturnToService=2
GresTypes=gpu
$(slurmd -C | head -n 1) NodeAddr=127.0.0.1 Gres=gpu:1
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
    echo "NodeName=$node Name=gpu File=/dev/null" > $etc/gres.conf

    (umask 077 && head -c 256 /dev/urandom > "$run/munge.key")
    start munged --foreground --key-file="$run/munge.key" --socket="$run/munge.socket" \
        --pid-file="$run/munged.lock" --seed-file="$run/munge.seed"
    for _ in $(seq 50); do
        [ ! -S "$run/munge.socket" ] || break
        sleep 0.1
    done
    start slurmctld -D
    start slurmd -D
    for _ in $(seq 20); do
        sleep 0.5
        alive slurmctld && alive slurmd || break
        [ "$(timeout 1 sinfo --noheader --format=%T 2> /dev/null)" != idle ] || return 0
    done
    false
}

give_up() {
    tail -n 20 "$run"/*.out >&2
    reason=$(grep -hs -m 1 fatal "$run"/*.out || true)
    down
    fail "SLURM did not start; ${reason:-see above}"
}

down() {
    trap - ERR
    [ -d "$run" ] || { echo "nothing to take down"; return 0; }
    if alive slurmctld; then
        timeout 5 scancel --user=root || true
        for _ in $(seq 50); do
            [ -n "$(timeout 5 squeue --noheader)" ] || break
            sleep 0.2
        done
    fi
    for program in slurmd slurmctld munged; do
        for signal in TERM KILL; do
            ! alive $program || kill -$signal "$(cat "$run/$program.pid")"
            for _ in $(seq 50); do
                alive $program || break 2
                sleep 0.2
            done
        done
    done
    rm -f $etc/slurm.conf $etc/gres.conf
    find "$run/etc" -type f -exec mv {} $etc/ \;
    rmdir --ignore-fail-on-non-empty $etc
    rm -r "$run"
}

case "${1:-}" in
    up | down) "$1" ;;
    *) fail "usage: $0 up|down" ;;
esac
