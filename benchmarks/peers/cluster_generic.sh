#!/bin/bash
# What snakemake-executor-plugin-cluster-generic needs on Grid Engine, as quick as it gets without an array: jobs write
# their exit status to a file, and one qstat in ten seconds looks for those that could not.
#
#   cluster_generic.sh submit SCRIPT    prints the job's id
#   cluster_generic.sh status ID        prints running, success or failed
#   cluster_generic.sh run SCRIPT       what the job does
folder=.snakemake/cluster_generic
seen=$folder/qstat

look() {
    qstat -u "$(id -un)" | awk 'NR > 2 {print $1}' >"$seen.$$" && mv "$seen.$$" "$seen"
}

is_due() {
    [[ ! -e $seen ]] || (($(printf '%(%s)T' -1) - $(stat -c %Y "$seen") >= 10))
}

answer() {
    local status
    read -r status <"$folder/$1.exit"
    [[ $status == 0 ]] && echo success || echo failed
}

case $1 in
submit)
    mkdir -p "$folder"
    id=$(qsub -terse -V -r n -j y -o "$PWD/$folder" -wd "$PWD" -b y -shell n /bin/bash "$0" run "$2") || exit
    touch "$folder/$id.submitted"
    echo "$id"
    ;;
run)
    /bin/bash "$2"
    echo $? >"$folder/.$JOB_ID"
    mv "$folder/.$JOB_ID" "$folder/$JOB_ID.exit"
    ;;
status)
    [[ -e $folder/$2.exit ]] && answer "$2" && exit
    if is_due; then look; fi
    if grep -qx "$2" "$seen" || [[ $folder/$2.submitted -nt $seen ]]; then
        echo running
    elif [[ -e $folder/$2.exit ]]; then
        answer "$2"
    else
        echo failed
    fi
    ;;
esac
