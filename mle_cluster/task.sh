#!/bin/bash
# One task of an array: runs its line of the file `commands` and writes down how it ended. Its exit file is the truth;
# it appears whole or not at all. Made by mle_cluster.
folder=@FOLDER@
patience=@PATIENCE@
task=@TASK@
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
    [[ -s $folder/log.$task || ! -e $folder/log.$task ]] || rm -f "$folder/log.$task"
    [[ $1 -eq 0 ]] && exit 0
    exit 1
}

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
