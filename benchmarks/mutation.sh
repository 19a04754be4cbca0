#!/bin/sh
# Changes a part of the code in every small way that mutmut knows and says which changes no test saw.
#
#     benchmarks/mutation.sh matching|limiter|paging|verification|trail [FOLDER]
#
# It works in a copy, /tmp/te-connector-mutation or FOLDER, from the start each time, since results that
# mutmut kept would not know of new tests. docs/mutation.md explains each change that survives and says how
# long each part takes; CI runs none of them.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
matching)
    code='identifiers indexes matching fields'
    tests='identifiers matching'
    ;;
limiter)
    code='quota'
    tests='quota'
    ;;
paging)
    code='paging pages census'
    tests='paging pages'
    ;;
verification)
    code='erasure'
    tests='erasure erasure_truth'
    ;;
trail)
    code='audit'
    tests='audit'
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
copy=${2:-/tmp/te-connector-mutation}

listed() { # listed FOLDER/PREFIX NAME...: the files as a TOML list
    prefix=$1
    shift
    printf '["%s.py"' "$prefix$1"
    shift
    for name; do printf ', "%s.py"' "$prefix$name"; done
    echo ']'
}

mkdir -p "$copy"
rm -rf "${copy:?}/mutants"
for each in te_connector tests docs schemas connector.yaml README.md pyproject.toml; do
    rm -rf "${copy:?}/$each"
    cp -R "$here/$each" "$copy/$each"
done
# shellcheck disable=SC2086
cat >>"$copy/pyproject.toml" <<END

[tool.mutmut]
source_paths = ["te_connector"]
only_mutate = $(listed te_connector/ $code)
also_copy = ["connector.yaml", "schemas", "docs"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=7"]
pytest_add_cli_args_test_selection = $(listed tests/test_ $tests)
timeout_constant = 20.0
timeout_multiplier = 2.0
track_dependencies = false
use_git_change_detection = false
END
cd "$copy"
python -m mutmut run
python -m mutmut results
