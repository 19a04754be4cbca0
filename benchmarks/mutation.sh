#!/bin/sh
# Changes the identifier code in every small way that mutmut knows and says which changes no test saw.
#
#     benchmarks/mutation.sh [FOLDER]
#
# It works in a copy, /tmp/te-connector-mutation or FOLDER, from the start each time, since results that
# mutmut kept would not know of new tests. docs/mutation.md explains each change that survives. It takes
# ten minutes or so; CI does not run it.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
copy=${1:-/tmp/te-connector-mutation}
mkdir -p "$copy"
rm -rf "${copy:?}/mutants"
for each in te_connector tests docs schemas connector.yaml README.md pyproject.toml; do
    rm -rf "${copy:?}/$each"
    cp -R "$here/$each" "$copy/$each"
done
cat "$here/benchmarks/mutation.toml" >>"$copy/pyproject.toml"
cd "$copy"
python -m mutmut run
python -m mutmut results
