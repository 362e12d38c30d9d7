#!/bin/bash
# One task of an array: runs its line of the file `commands` and writes down how it ended. Its exit file is the truth;
# it appears whole or not at all. Made by mle_cluster.
folder=@FOLDER@
patience=@PATIENCE@
per_task=@PER_TASK@
# The task of the scheduler, and what it runs now of its jobs.
own=@TASK@
task=${MLE_CLUSTER_TASK:-$own}
now() { printf '%(%s)T' -1; }
begin=$(now)

# line_of FILE: this task's line. Builtins only: starting a program is the expensive part of a task.
line_of() {
    local lines
    mapfile -t -s $((task - 1)) -n 1 lines <"$1"
    line=${lines[0]}
}

# Wait for a file that another machine wrote to show up here.
appears() {
    local waited=0
    until [[ -e $1 ]]; do
        ((waited < patience)) || return 1
        sleep 1
        ls "$(dirname "$1")" >/dev/null 2>&1
        waited=$((waited + 1))
    done
}

write_exit() {
    printf '%s %s %s %s\n' "$1" "$HOSTNAME" "$begin" "$(now)" >"$folder/.exit.$task.$$" 2>/dev/null &&
        mv -f "$folder/.exit.$task.$$" "$folder/exit.$task"
}

# To a scheduler some statuses are orders ("run me again", "I am in error"): none of them may reach it.
finish() {
    local tries=0
    until write_exit "$1"; do
        ((tries < 12)) || break
        sleep 5
        tries=$((tries + 1))
    done
    ((per_task > 1)) || [[ -s $folder/log.$task || ! -e $folder/log.$task ]] || rm -f "$folder/log.$task"
    [[ $1 -eq 0 ]] && exit 0
    exit 1
}

# Several jobs in this task: for each this script again, as if it were a task. So each has its exit file whatever happens
# to the others. After an order to end none is started any more, and their exit files say the same.
if ((per_task > 1)) && [[ -z $MLE_CLUSTER_TASK ]]; then
    told= child= failed=0
    pass() { [[ -z $child ]] || @PASS@ 2>/dev/null; }
    trap 'pass USR1' USR1
    trap 'pass XCPU' XCPU
    trap 'told=140; pass USR2' USR2
    trap 'told=143; pass TERM' TERM
    n_jobs=0
    appears "$folder/commands" && mapfile -t lines <"$folder/commands" && n_jobs=${#lines[@]}
    first=$(((own - 1) * per_task + 1))
    last=$((own * per_task < n_jobs ? own * per_task : n_jobs))
    for ((task = first; task <= last; task++)); do
        [[ -e $folder/exit.$task ]] && continue
        if [[ -n $told ]]; then
            [[ -e $folder/cancelled ]] || write_exit "$told"
            continue
        fi
        MLE_CLUSTER_TASK=$task /bin/bash "$folder/task.sh" &
        child=$!
        status=0
        while kill -0 "$child" 2>/dev/null; do
            wait "$child"
            status=$?
        done
        child=
        ((status == 0)) || failed=1
        # It was killed, which it could not write down itself.
        [[ -e $folder/exit.$task || -e $folder/cancelled ]] || write_exit "$((status > 0 ? status : 137))"
    done
    [[ -s $folder/log.$own ]] || rm -f "$folder/log.$own"
    exit $failed
fi
unset MLE_CLUSTER_TASK

# Warnings before a limit reach the command too, since they go to the whole group; what does not ask for them (mle does)
# is to go on. The order to end kills the command, and this shell has to outlive it to say so.
trap '' USR1 XCPU
trap 'finish 140' USR2
trap 'finish 143' TERM

if ! appears "$folder/commands"; then
    echo "The folder $folder cannot be seen from $HOSTNAME." >&2
    exit 1
fi
[[ -e $folder/cancelled || -e $folder/exit.$task ]] && exit 0
printf '%s %s\n' "$HOSTNAME" "$begin" >"$folder/started.$task"

line_of "$folder/inputs"
printf -v line '%b' "$line"
eval "needed=($line)"
for file in "${needed[@]}"; do
    if ! appears "$file"; then
        echo "The input file $file cannot be seen from $HOSTNAME." >&2
        finish 1
    fi
done

line_of "$folder/commands"
printf -v command '%b' "$line"
@EXPORTS@
@RUN@
