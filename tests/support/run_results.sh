# SPDX-License-Identifier: MIT
# Counts results for tests/run, which sources it. Failures are shown as they come; skips at the end.
# shellcheck shell=bash
passed=0
failed=0
skipped=0
skips=()

count_pass() {
    passed=$((passed + 1))
}

# count_failure BUILD NAME TEXT DETAILS
count_failure() {
    failed=$((failed + 1))
    echo "FAILED $1 $2: $3"
    if [[ -n $4 ]]; then
        printf '    %s\n' "${4//$'\n'/$'\n'    }"
    fi
}

# count_skip BUILD NAME REASON: a skip that is not planned is a failure where CI is true.
count_skip() {
    local build test reason
    while read -r build test reason; do
        if [[ ($build == "$1" || $build == '*') && $2 =~ ^($test)$ ]]; then
            skipped=$((skipped + 1))
            skips+=("skipped $1 $2: ${3:-$reason}")
            return
        fi
    done < <(grep -v '^#' tests/planned_skips.txt)

    if [[ ${CI:-} == true ]]; then
        count_failure "$1" "$2" "skipped, which is not planned: ${3:-no reason given}" ""
    else
        skipped=$((skipped + 1))
        skips+=("skipped $1 $2: ${3:-no reason given}")
    fi
}

# skip_reason LOG TEST: what skip_because or a script said.
skip_reason() {
    TEST=$2 awk '
        index($0, "SKIP " ENVIRON["TEST"] ": ") == 1 {
            print substr($0, length(ENVIRON["TEST"]) + 8)
            exit
        }
        index($0, "skip - " ENVIRON["TEST"] " # ") == 1 {
            print substr($0, length(ENVIRON["TEST"]) + 11)
            exit
        }' "$1"
}

# count_program BUILD NAME REPORTS: adds up one program's report. One that left none, or whose exit
# status tells of something its report does not, counts as one failed.
count_program() {
    local build=$1 name=$2 report=$3/$2
    local outcome test message failed_before=$failed tests=0
    if [[ ! -e $report.status ]]; then
        count_failure "$build" "$name" "did not end by itself or ran out of time" \
            "$(tail -n 40 "$report.log" 2>&1)"
        return
    fi

    while IFS=$'\t' read -r outcome test message; do
        tests=$((tests + 1))
        case $outcome in
        pass) count_pass ;;
        skip) count_skip "$build" "$name.$test" "$(skip_reason "$report.log" "$test")" ;;
        *) count_failure "$build" "$name.$test" "" "$(tr '\037' '\n' <<<"$message")" ;;
        esac
    done < <(awk -f tests/support/results.awk "$report.xml" 2>/dev/null)

    local status
    status=$(<"$report.status")
    if ((tests == 0)); then
        count_failure "$build" "$name" "crashed or left no report; exit status $status" \
            "$(tail -n 60 "$report.log")"
    elif ((status != 0 && failed == failed_before)); then
        count_failure "$build" "$name" "its tests pass, but its exit status is $status" \
            "$(tail -n 60 "$report.log")"
    elif ((failed > failed_before)) && ! grep -q '^not ok - ' "$report.log"; then
        show_log "$report.log"
    fi
}

# What a failed program wrote besides its report.
show_log() {
    if [[ -s $1 ]]; then
        echo "  ${1#"$PWD/"}:"
        tail -n 60 "$1" | sed 's/^/    /'
    fi
}

# The labels of the tests that have threads, as far as there are any tests.
labels_with_threads() {
    local folder
    for folder in integration unit/transport unit/node bench; do
        if grep -qsE '^ *troupe_(script_)?test\(' "tests/$folder/CMakeLists.txt"; then
            echo "$folder"
        fi
    done
}

show_results() {
    if ((${#skips[@]} > 0)); then
        printf '%s\n' "${skips[@]}"
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    ((failed == 0))
}
