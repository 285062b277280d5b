#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The whole product in one go: `./dev demo` builds confreg and runs this.
#
#     demo.sh CONFREG FOLDER [STORE-URL]
#
# Each step is printed as the command that a reader can type, and then run. The first step that
# fails ends the demo with its exit code; so this is a test, too.
set -eu
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
folder=$2
store=${3:-}
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$folder/bin"
ln -sf "$program" "$folder/bin/confreg"
PATH=$folder/bin:$PATH
CONFREG_STORE=${store:-lmdb:$folder/store}
export PATH CONFREG_STORE
cd "$here/.."

if [ -t 1 ]; then
    bold=$(printf '\033[1m')
    plain=$(printf '\033[0m')
else
    bold=
    plain=
fi

say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }

# Print a command line as it can be typed, then run it.
run() {
    printf '$ %s\n' "$1"
    eval "$1"
}

# The same for a command whose answer is an error that we want to show.
run_refused() {
    printf '$ %s\n' "$2"
    status=0
    eval "$2" || status=$?
    if [ "$status" != "$1" ]; then
        echo "demo: expected exit code $1, got $status" >&2
        exit 1
    fi
    echo "(exit code $status)"
}

say "The store of this demo; without CONFREG_STORE it is a file in your data folder"
echo "\$ export CONFREG_STORE=$CONFREG_STORE"

say "Register one service template in both types: as JSON, and as YAML"
run "confreg template register hadoop 3.3 --file examples/hadoop/template.json --options examples/hadoop/options.json --description 'Two masters, N slaves'"
run "confreg template register hadoop 3.3-yaml --file examples/hadoop/template.yaml --options examples/hadoop/options.json --type yaml+jinja2"
run "confreg template list"
run "confreg template options hadoop 3.3"

say "Make an instance with 200 slaves, 11 disks each, of either type"
run "confreg instance create jlopez hadoop 3.3 --set slaves.number=200"
run "confreg instance create jlopez hadoop 3.3-yaml --set slaves.number=200"
run "confreg instance list"
run "confreg instance show jlopez/hadoop/3.3/1"

say "Look at it"
run "confreg instance tree jlopez/hadoop/3.3/1 --depth 2 | head -n 12"
run "confreg instance nodes jlopez/hadoop/3.3/1 | head -n 6"
run "confreg instance disks jlopez/hadoop/3.3/1/nodes/slave7 | head -n 4"
run "confreg instance nodes jlopez/hadoop/3.3/1/services/mapreduce"

say "Both types gave the same tree, but for the instance's own name in it"
run "confreg instance tree jlopez/hadoop/3.3/1 -o json > $folder/json.tree"
run "confreg instance tree jlopez/hadoop/3.3-yaml/1 -o json | sed 's/3\\.3-yaml/3.3/g' > $folder/yaml.tree"
run "cmp $folder/json.tree $folder/yaml.tree && echo identical"

say "Read and change a property; change it only if nobody else has"
run "confreg instance get jlopez/hadoop/3.3/1 nodes/slave7/status"
run "confreg instance set jlopez/hadoop/3.3/1 nodes/slave7/status=running"
run "confreg instance get jlopez/hadoop/3.3/1 nodes/slave7/status"
run_refused 4 "confreg instance set jlopez/hadoop/3.3/1 nodes/slave7/status=stopped --if-value _"
run "confreg instance set jlopez/hadoop/3.3/1 progress --increment 50"

say "One more slave: a copy of slave7 that joins the services slave7 runs"
run "confreg instance copy jlopez/hadoop/3.3/1/nodes/slave7 jlopez/hadoop/3.3/1/nodes/slave200 --membership"
run "confreg instance get jlopez/hadoop/3.3/1/nodes/slave200 name status disks/disk1/origin"
run "confreg instance nodes jlopez/hadoop/3.3/1/services/hdfs -o name | tail -n 2"

say "A slip of the pen: networks and services of master0 stand under a disk"
run_refused 7 "confreg template lint --file examples/hadoop/misindented.yaml --options examples/hadoop/options.json"

say "Remove it all"
run "confreg instance rm jlopez/hadoop/3.3/1"
run "confreg instance rm jlopez/hadoop/3.3-yaml/1"
run "confreg template rm hadoop 3.3"
run "confreg template rm hadoop 3.3-yaml"
run "confreg store fsck"

say "Type such commands yourself: PATH=$(dirname "$program"):\$PATH, then confreg help"
