#!/bin/sh
# Makes small changes to a part of the code with mutmut, and reports those that no test notices.
#
#     benchmarks/mutation.sh matching|limiter|lists|verification|trail [FOLDER]
#
# It works in a copy, /tmp/te-connector-mutation or FOLDER, and starts from scratch each time, because
# results that mutmut kept don't know about new tests. docs/mutation.md has the results.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
matching)
    code='te_connector/matching/*.py te_connector/text/field_paths.py'
    tests='tests/matching'
    ;;
limiter)
    code='te_connector/api/quota.py te_connector/storage/quota_file.py te_connector/api/limiter.py'
    tests='tests/api/test_quota.py'
    ;;
lists)
    code='te_connector/api/lists/*.py te_connector/api/pages.py'
    tests='tests/api/test_paging.py tests/api/test_pages.py'
    ;;
verification)
    code='te_connector/operations/erasure.py'
    tests='tests/operations/test_erasure.py tests/operations/test_erasure_truth.py'
    ;;
trail)
    code='te_connector/operations/audit*.py'
    tests='tests/operations/test_audit.py'
    ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
copy=${2:-/tmp/te-connector-mutation}

listed() { # listed FILE...: the files as a TOML list
    printf '["%s"' "$1"
    shift
    for name; do printf ', "%s"' "$name"; done
    echo ']'
}

mkdir -p "$copy"
rm -rf "${copy:?}/mutants"
for each in te_connector tests docs examples schemas connector.yaml README.md pyproject.toml; do
    rm -rf "${copy:?}/$each"
    cp -R "$here/$each" "$copy/$each"
done
# shellcheck disable=SC2086
cat >>"$copy/pyproject.toml" <<END

[tool.mutmut]
source_paths = ["te_connector"]
only_mutate = $(cd "$here" && listed $code)
also_copy = ["connector.yaml", "schemas", "docs"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=7"]
pytest_add_cli_args_test_selection = $(listed $tests)
timeout_constant = 20.0
timeout_multiplier = 2.0
track_dependencies = false
use_git_change_detection = false
END
cd "$copy"
python -m mutmut run
python -m mutmut results
